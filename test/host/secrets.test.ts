import { describe, expect, it } from "vitest";
import { LOADER } from "../../sdk/loader";
import type { Host, Properties } from "./harness";
import { create, declared, useProject } from "./project";

const project = useProject();

/** Returns a value as the engine sends one that was set with `--secret`. */
function secret(value: string): Properties {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

/** Returns whatever the calls of a whole life answer, refusals included, as text. */
async function everyAnswer(host: Host): Promise<string> {
  const answers: unknown[] = [];
  const note = async <T>(work: Promise<T>): Promise<T | undefined> => {
    const [outcome] = await Promise.allSettled([work]);
    answers.push(outcome?.status === "rejected" ? String(outcome.reason) : outcome?.value);
    return outcome?.status === "fulfilled" ? outcome.value : undefined;
  };
  const checked = await note(host.check({}, declared()));
  const created = await note(host.create(checked?.inputs ?? declared()));
  const { id, outputs } = created ?? { id: "42:ab:00:00:00:01", outputs: state };
  await note(host.diff(id, outputs, checked?.inputs ?? declared()));
  await note(host.update(id, outputs, checked?.inputs ?? declared()));
  await note(host.read(id, outputs));
  await note(host.read(id, { __provider: LOADER }));
  await note(host.create(declared({ pool: "nowhere" })));
  await note(host.delete(id, outputs));
  await note(host.delete(id, { ...outputs, storeId: "another" }));
  return `${JSON.stringify(answers)}${host.output()}`;
}

const state: Properties = {
  ...declared({ pool: "default" }),
  address: "42:ab:00:00:00:01",
  token: "t",
  storeId: "s",
  seq: 1,
};

describe("a password in the configuration", () => {
  it("is in no answer and in nothing that the host prints", async () => {
    const host = await project.start({ config: { "macpool:storePassword": secret("hunter2"), "net:key": "hunter2" } });
    const text = await everyAnswer(host);
    expect(text).toContain("42:");
    expect(text).not.toContain("hunter2");
  });

  it("is not repeated when the register it is for cannot be opened", async () => {
    for (const store of ["mysql://admin:hunter2@db/macpool", "mysql://db/macpool?password=hunter2"]) {
      for (const value of [store, secret(store)]) {
        const host = await project.start({ config: { "macpool:store": value } });
        const text = await everyAnswer(host);
        expect(text).toMatch(/mysql/);
        expect(text).not.toContain("hunter2");
      }
    }
  });

  it("in the environment is not repeated either", async () => {
    const env = { MACPOOL_STORE: "mysql://admin:hunter2@db/macpool", MACPOOL_STORE_PASSWORD: "hunter2" };
    expect(await everyAnswer(await project.start({ env }))).not.toContain("hunter2");
  });
});

describe("where the register is", () => {
  it("is recorded neither in inputs nor in outputs, given as a secret or not", async () => {
    for (const store of [project.path, secret(project.path)]) {
      const host = await project.start({ config: { "macpool:store": store } });
      const { id, outputs } = await create(host, declared());
      const { inputs } = await host.read(id, outputs);
      expect(JSON.stringify([inputs, outputs])).not.toContain(project.dir);
    }
  });
});
