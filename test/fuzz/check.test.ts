import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MacpoolError } from "../../provider/error";
import { parsePrefix } from "../../provider/mac/range";
import { UNKNOWN } from "../../provider/resource/schema";
import { depth } from "../depth";
import { randomRuns } from "../random-runs";
import { type Provider, useLab } from "../resource/lab";
import { anyBag, anyJson } from "./hostile";

const RUNS = depth(150, 10_000);
const LIMIT = { timeout: RUNS * 1000 };
const MEBI = 2 ** 20;

const lab = useLab();

/** What the four classes of the SDK send, in order. */
const SOUND = {
  address: { owner: "acme/net/prod/nic", installation: "stack-1", rotation: "", pool: "default" },
  block: { owner: "acme/net/prod/nics", installation: "stack-1", rotation: "", count: 2, contiguous: true },
  pool: { owner: "acme/net/prod/lab", installation: "stack-1", name: "lab", ranges: ["52:54:00"] },
  reservation: { owner: "acme/net/prod/kept", installation: "stack-1", range: "42:07", reason: "printers" },
} as const;

type Kind = keyof typeof SOUND;

const kinds = Object.keys(SOUND) as readonly Kind[];

function checkOf(provider: Provider, kind: Kind): Provider["check"] {
  return kind === "address" ? provider.check : provider[kind].check;
}

it.each(kinds)("check of any inputs at all answers, and writes nothing: %s", LIMIT, async (kind) => {
  const register = await lab.register();
  await register.createPool({ name: "constructor", ranges: [parsePrefix("52:54:01")] });
  const provider = await lab.provider();
  const files = () => ["", "-wal"].map((suffix) => contentOf(lab.path + suffix));
  const before = files();
  await randomRuns(
    `check, ${kind}`,
    RUNS,
    fc.asyncProperty(anyBag(SOUND[kind]), anyBag(SOUND[kind]), async (olds, news) => {
      const { inputs, failures = [] } = await orRefusal(checkOf(provider, kind)(olds, news));
      for (const failure of failures) {
        expect(failure).toEqual({ property: expect.any(String), reason: expect.any(String) });
        expect(failure.reason.length, "a reason that can be read").toBeLessThan(20_000);
      }
      // The host refuses undefined anywhere, and whatever is no plain value.
      if (failures.length === 0) expect(JSON.parse(JSON.stringify(inputs))).toEqual(inputs);
      expect(Object.getPrototypeOf({}), "a prototype was changed").toBe(Object.prototype);
      expect(
        files().every((content, index) => content.equals(before[index] ?? Buffer.alloc(0))),
        "check wrote",
      ).toBe(true);
    }),
  );
  expect(lab.printed.join("\n")).not.toContain("hunter2");
});

it.each(kinds)("check of one hostile value in one property answers: %s", LIMIT, async (kind) => {
  await lab.register();
  const provider = await lab.provider();
  await randomRuns(
    `check of one property, ${kind}`,
    RUNS,
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(SOUND[kind]), "tags", "keepers", "description"),
      anyJson,
      async (key, value) => {
        const news = { ...SOUND[kind], [key]: value };
        const { failures = [] } = await orRefusal(checkOf(provider, kind)({}, news));
        for (const { reason } of failures) expect(reason.length).toBeLessThan(20_000);
      },
    ),
  );
});

it.each(kinds)("check of values that are huge, deep or not known yet answers at once: %s", LIMIT, async (kind) => {
  await lab.register();
  const provider = await lab.provider();
  for (const value of [
    "x".repeat(MEBI),
    "0".repeat(MEBI),
    ":".repeat(MEBI),
    "-".repeat(MEBI),
    deep(100_000),
    UNKNOWN,
    [UNKNOWN],
  ]) {
    for (const key of [...Object.keys(SOUND[kind]), "tags", "keepers", "requestedAddress"]) {
      const { failures = [] } = await orRefusal(checkOf(provider, kind)({}, { ...SOUND[kind], [key]: value }));
      for (const { reason } of failures) expect(reason.length, `${key}: ${reason.slice(0, 100)}`).toBeLessThan(20_000);
    }
  }
});

async function orRefusal(answer: ReturnType<Provider["check"]>): ReturnType<Provider["check"]> {
  try {
    return await answer;
  } catch (error) {
    if (!MacpoolError.is(error)) throw error;
    return { inputs: {}, failures: [{ property: "", reason: error.message }] };
  }
}

function contentOf(file: string): Buffer {
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
}

function deep(levels: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}
