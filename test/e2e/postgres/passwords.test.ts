import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject } from "vitest";
import { grantRoles } from "../../postgres/role-script";
import { TestServer } from "../../postgres/server";
import { runSql } from "../../postgres/support";
import type { Lab, Stack, StackPlan } from "../support/lab";
import { PostgresRegister } from "../support/postgres-register";
import { onEveryEngine } from "../support/scenario";

const PASSWORD = "c0rrect-horse/battery";
const WRONG = "hunter2-is-wrong";

const nics = `
  const { MacAddress } = require("pulumi-macpool");
  for (const name of ["web", "db"]) exports[name] = new MacAddress(name).address;
`;

const shared = inject("postgres");
let server: TestServer | undefined;

beforeAll(async () => {
  if (shared === undefined) return;
  server = await TestServer.start(shared.bin, { access: ["host all app,looker 127.0.0.1/32 scram-sha-256"] });
  for (const role of ["app", "looker"]) await runSql(`create role ${role} login password '${PASSWORD}'`, server.url());
}, 60_000);

afterAll(() => server?.stop());

/** Makes a register whose application role must give its password, and a stack that names it without one. */
async function guarded(lab: Lab, plan: Partial<StackPlan>) {
  if (server === undefined) throw new Error("there is a server where this is told");
  const register = new PostgresRegister({ url: server.url(), bin: server.bin });
  lab.useRegister(await register.create());
  grantRoles(register.store, { application: "app", reader: "looker" });
  const as = (username: string) => Object.assign(new URL(register.store), { username }).href;
  const config = { "macpool:store": as("app"), ...plan.config };
  const stack = await lab.stack({ program: nics, entry: "index.js", ...plan, config });
  return { register, stack, as };
}

/** Expects that no password is in the state, nor in what was printed, nor in any file that the engine wrote. */
async function expectNoTrace(lab: Lab, stack: Stack, printed: readonly string[]): Promise<void> {
  const backend = lab.path("backend-1");
  const files = readdirSync(backend, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  // The double keeps its state there, before anything is encrypted.
  const others = files.filter(({ parentPath }) => parentPath !== backend);
  const logs = files.filter(({ name }) => name.startsWith("events-"));
  const written = [...others, ...logs].map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"));
  for (const text of [JSON.stringify(await stack.state()), ...printed, ...written]) {
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(WRONG);
  }
}

onEveryEngine((scenario) => {
  scenario("a password from the configuration works to the end, also without it, and shows nowhere", async (lab) => {
    const config = { "macpool:storePassword": { secret: PASSWORD } };
    const { register, stack } = await guarded(lab, { config });
    const up = await stack.up({ previewFirst: true });
    expect(await register.live()).toEqual(Object.values(up.outputs).sort());
    const again = await stack.up({ refreshFirst: true });
    expect(again.changes).toEqual([]);
    await stack.configure({});
    const destroy = await stack.destroy();
    expect(await register.live()).toEqual([]);
    await expectNoTrace(
      lab,
      stack,
      [up, again, destroy].map(({ text }) => text),
    );
  });

  scenario(
    "a password from this machine's environment works, and wins over a wrong one of the configuration",
    async (lab) => {
      const config = { "macpool:storePassword": { secret: WRONG } };
      const { register, stack } = await guarded(lab, { config, env: { MACPOOL_STORE_PASSWORD: PASSWORD } });
      const up = await stack.up();
      expect(await register.live()).toEqual(Object.values(up.outputs).sort());
      await expectNoTrace(lab, stack, [up.text]);
    },
  );

  scenario("a password from PGPASSFILE works", async (lab) => {
    const file = lab.path("pgpass");
    writeFileSync(file, `127.0.0.1:*:*:app:${PASSWORD}\n`, { mode: 0o600 });
    const { register, stack } = await guarded(lab, { env: { PGPASSFILE: file } });
    const up = await stack.up();
    expect(await register.live()).toEqual(Object.values(up.outputs).sort());
    await expectNoTrace(lab, stack, [up.text]);
  });

  scenario("a wrong password stops an update, not a preview, and both say what to set", async (lab) => {
    const { register, stack } = await guarded(lab, { env: { MACPOOL_STORE_PASSWORD: WRONG } });
    const preview = await stack.preview();
    expect(preview.changes).toEqual(["create db", "create macpool", "create web"]);
    const up = await stack.failing("up");
    for (const text of [preview.text, up]) expect(text).toContain("Set MACPOOL_STORE_PASSWORD");
    expect(await register.isUntouched()).toBe(true);
    await expectNoTrace(lab, stack, [preview.text, up]);
  });

  scenario("a role that may only read suffices for a preview, and for nothing else", async (lab) => {
    const { register, stack, as } = await guarded(lab, { env: { MACPOOL_STORE_PASSWORD: PASSWORD } });
    const { outputs } = await stack.up();
    const events = await register.events();
    const env = { MACPOOL_STORE: as("looker") };
    stack.program(nics.replace('"db"', '"db", "fresh"'));
    const preview = await stack.preview({ env });
    expect(preview.changes).toEqual(["create fresh"]);
    expect(preview.outputs).toMatchObject({ ...outputs, fresh: expect.stringMatching(/^42:/) });
    expect(preview.text).not.toContain("macpool: ");
    expect(await stack.failing("up", { env })).toContain("roles.sql");
    expect(await register.events()).toEqual(events);
    expect((await stack.up()).outputs).toEqual(preview.outputs);
  });
});
