import { afterEach, expect, test } from "vitest";
import type { Properties, Value } from "../host/harness";
import { findPulumi } from "./find-pulumi";
import { type Declared, type Fixture, makeFixture, type Plan } from "./fixture";
import type { Operation } from "./pass";
import { type CliStack, makeCliStack } from "./real-cli";
import { openStack, type RunOptions, type SavedResource, type Stack } from "./stack";
import { isDefaultProvider } from "./urn";
import { mapBag, mapSecrets, UNKNOWN } from "./values";

const cli = findPulumi();
if (cli === undefined) console.warn("SKIPPED: no Pulumi CLI on PATH or in ~/.pulumi/bin, the double is not compared");

const config = { "fixture:url": "x", "fixture:password": { secret: "hush" } };
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What one operation did, in a form that is the same whoever did it. */
interface Observed {
  readonly ok: boolean;
  readonly operations: readonly string[];
  readonly deletions: readonly string[];
  readonly calls: readonly string[];
  readonly outputs: string;
  readonly state: readonly string[];
  readonly things: string;
}

type Command = "preview" | "up" | "refresh" | "destroy";

interface Side {
  readonly fixture: Fixture;
  run(command: Command, options: RunOptions): Promise<Observed>;
  remove(): void;
}

function masked(bag: Properties): Properties {
  return mapBag(bag, (value) => mapSecrets(value, () => "a secret"));
}

function describeResource(resource: SavedResource): Properties {
  const { urn, custom, id = "", parent = "", provider = "", dependencies = [], external = false } = resource;
  const bags = { inputs: masked(resource.inputs ?? {}), outputs: masked(resource.outputs ?? {}) };
  const pending = resource.delete ?? false;
  return { urn, custom, id, parent, provider, dependencies: [...dependencies], external, pending, ...bags };
}

/** Spells a value so that two spellings are equal when the values are, ids made of chance apart. */
function text(value: Value): string {
  return JSON.stringify(sorted(value)).replaceAll(uuid, (id) => (id === UNKNOWN ? "unknown" : "a uuid"));
}

function sorted(value: Value | undefined): Value {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined && !isEmpty(value[key]));
  return Object.fromEntries(keys.sort().map((key) => [key, sorted(value[key])]));
}

function isEmpty(value: Value | undefined): boolean {
  return value === "" || value === false || (Array.isArray(value) && value.length === 0);
}

function observe(
  fixture: Fixture,
  ok: boolean,
  operations: readonly Operation[],
  outputs: Properties,
  resources: readonly SavedResource[],
): Observed {
  const shown = operations.filter((operation) => !isDefaultProvider(operation.urn));
  return {
    ok,
    operations: [...new Set(shown.map(({ op, urn }) => `${op} ${urn}`))].sort(),
    deletions: shown.filter(({ op }) => op === "delete").map(({ urn }) => urn),
    calls: fixture.calls().map(text).sort(),
    outputs: text(outputs),
    state: resources.map((resource) => text(describeResource(resource))).sort(),
    things: text(fixture.things()),
  };
}

function doubleSide(): Side {
  const fixture = makeFixture();
  const stack: Stack = openStack({ projectDir: fixture.dir, project: "fixture", stack: "dev", config });
  return {
    fixture,
    run: async (command, options) => {
      const result = await stack[command](options);
      const outputs = command === "preview" ? {} : result.outputs;
      const { resources } = stack.state().deployment;
      return observe(fixture, result.error === undefined, result.operations, outputs, resources);
    },
    remove: fixture.remove,
  };
}

async function cliSide(directory: string): Promise<Side> {
  const fixture = makeFixture();
  const stack: CliStack = await makeCliStack(directory, fixture.dir, "dev", config);
  return {
    fixture,
    run: async (command, options) => {
      const flags = options.skipPreview === true ? ["--skip-preview"] : [];
      for (const urn of options.targetReplace ?? []) flags.push("--replace", urn);
      const result = await stack.run(command, ...flags);
      const outputs = command === "preview" ? {} : await stack.outputs();
      const { resources } = (await stack.state()).deployment;
      return observe(fixture, result.ok, result.operations, outputs, resources ?? []);
    },
    remove: () => {
      stack.remove();
      fixture.remove();
    },
  };
}

/** Runs the same things on both sides at once and expects them to agree about everything that can be observed. */
class Both {
  private constructor(private readonly sides: readonly [Side, Side]) {}

  static async start(): Promise<Both> {
    return new Both([doubleSide(), await cliSide(cli ?? "")]);
  }

  everywhere(act: (fixture: Fixture) => void): void {
    for (const { fixture } of this.sides) act(fixture);
  }

  async agree(command: Command, options: RunOptions = {}): Promise<Observed> {
    const [double, real] = this.sides;
    const [ours, theirs] = await Promise.all([double.run(command, options), real.run(command, options)]);
    expect(ours).toEqual(theirs);
    return ours;
  }

  up(plan: Plan, options: RunOptions = { skipPreview: true }): Promise<Observed> {
    this.everywhere((fixture) => fixture.plan(plan));
    return this.agree("up", options);
  }

  remove(): void {
    for (const side of this.sides) side.remove();
  }
}

let both: Both | undefined;
afterEach(() => both?.remove());

function compared(promise: string, scenario: (both: Both) => Promise<void>): void {
  const run = async () => {
    both = await Both.start();
    await scenario(both);
  };
  test.skipIf(cli === undefined)(`as with the real CLI: ${promise}`, run, 300_000);
}

const a = (inputs: Properties): Declared => ({ name: "a", inputs: { label: "a", ...inputs } });
const b = (inputs: Properties, more: Partial<Declared> = {}): Declared => ({
  name: "b",
  inputs: { label: "b", size: "$a.address", ...inputs },
  ...more,
});
const exported = { first: "$a.address", second: "$b.generation" };

compared("first up with its preview, no change, update in place, replacement, drift, loss, destroy", async (both) => {
  await both.up({ declare: [a({ size: 1 }), b({ password: { secret: "hush" } })], exports: exported }, {});
  await both.up({ declare: [a({ size: 1 }), b({ password: { secret: "hush" } })], exports: exported });
  await both.up({ declare: [a({ size: 2 }), b({ link: 1 })], exports: exported });
  await both.up({ declare: [a({ size: 2, kind: "other" }), b({ link: 1 })], exports: exported }, {});
  both.everywhere((fixture) => fixture.change("a-2", { size: 7 }));
  await both.agree("refresh");
  await both.agree("preview");
  both.everywhere((fixture) => fixture.lose("a-2"));
  await both.agree("refresh");
  await both.up({ declare: [a({ size: 2 }), b({ link: 1 })], exports: exported });
  await both.up({ declare: [b({ size: 5 })] });
  expect((await both.agree("destroy")).things).toBe("{}");
});

const urn = (type: string, name: string) => `urn:pulumi:dev::fixture::${type}::${name}`;
const thing = "pulumi-nodejs:dynamic/fixture:Thing";

compared(
  "renames with aliases: a resource, a component with its children, a move out of the component",
  async (both) => {
    const group = (name: string, options: Properties = {}): Declared => ({ kind: "group", name, options });
    const disk = (name: string, parent: string): Declared => ({ name, parent, inputs: { label: "disk", size: 3 } });
    const sibling = (from: string): Declared => ({ name: "b", inputs: { label: "b", size: `$${from}.address` } });
    await both.up({ declare: [group("g"), disk("g-disk", "g"), sibling("g-disk"), { ...a({}), dependsOn: ["b"] }] });
    const last: Declared = { name: "a2", inputs: { label: "a" }, dependsOn: ["b"] };
    const renamed = { ...last, options: { aliases: [{ name: "a" }] } };
    const moved = group("h", { aliases: [{ name: "g" }] });
    await both.up({ declare: [moved, disk("h-disk", "h"), sibling("h-disk"), renamed] });
    const out: Declared = {
      name: "disk",
      inputs: { label: "disk", size: 3 },
      options: { aliases: [urn(`fixture:index:Group$${thing}`, "h-disk")] },
    };
    await both.up({ declare: [out, sibling("disk"), last] });
    await both.agree("destroy");
  },
);

compared(
  "explicit provider: unknown in the first preview, changed in place, replaced, used without the program",
  async (both) => {
    const provider = (url: string): Declared => ({
      kind: "provider",
      name: "p",
      inputs: { url, password: { secret: "hush" } },
    });
    const inside = a({ link: "$p.id" });
    await both.up({ declare: [a({ link: 1 })] });
    both.everywhere((fixture) => fixture.plan({ declare: [provider("one"), { ...inside, provider: "p" }] }));
    await both.agree("preview");
    await both.up({ declare: [provider("one"), { ...inside, provider: "p" }], exports: { id: "$a.address" } });
    await both.up({ declare: [provider("two"), { ...inside, provider: "p" }] }, {});
    await both.up(
      { declare: [provider("two"), { ...inside, provider: "p" }] },
      { skipPreview: true, targetReplace: [urn("pulumi:providers:pulumi-nodejs", "p")] },
    );
    both.everywhere((fixture) => fixture.plan({ declare: [], fail: "the program must not run" }));
    await both.agree("refresh");
    await both.agree("destroy");
  },
);

compared("resources of others, secrets, ignored changes and an undecided diff", async (both) => {
  const got: Declared = { kind: "get", name: "got", id: "a-1", inputs: { label: "?", password: { secret: "hush" } } };
  const quiet = (size: number) =>
    b({ size, undecided: true }, { dependsOn: ["a"], options: { ignoreChanges: ["size"] } });
  const hidden = (link: number): Declared => ({
    name: "c",
    inputs: { label: "c", undecided: true, password: { secret: "hush" }, link },
    dependsOn: ["b"],
    options: { additionalSecretOutputs: ["address"] },
  });
  await both.up({ declare: [a({ size: 1 }), { ...got, dependsOn: ["a"] }, quiet(1), hidden(1)] });
  await both.up({ declare: [a({ size: 1 }), { ...got, dependsOn: ["a"] }, quiet(2), hidden(2)] }, {});
  await both.agree("refresh");
  await both.agree("destroy");
});

compared("replacement on demand and deletion first", async (both) => {
  const c: Declared = { name: "c", inputs: { label: "c" }, dependsOn: ["a"] };
  await both.up({ declare: [a({ deleteFirst: true }), c] });
  const plan = { declare: [a({ deleteFirst: true, kind: "other" }), c] };
  await both.up(plan, { targetReplace: [urn(thing, "c")] });
  await both.agree("destroy");
});

compared("failures of check, create, delete and read leave the same state behind", async (both) => {
  const after = (name: string, size: string): Declared => ({
    name,
    // The program has exported its outputs by the time this one fails.
    inputs: { label: name, size, wait: 500 },
    dependsOn: ["a"],
  });
  expect((await both.up({ declare: [a({}), after("b", "refused")], exports: { a: "$a.address" } })).ok).toBe(false);
  expect((await both.up({ declare: [a({}), after("b", "wrong")] })).ok).toBe(false);
  await both.up({ declare: [a({}), after("b", "stuck")] });
  expect((await both.up({ declare: [a({})] })).ok).toBe(false);
  both.everywhere((fixture) => fixture.change("b-1", { unreadable: true }));
  expect((await both.agree("refresh", { skipPreview: true })).ok).toBe(false);
  expect((await both.agree("destroy")).ok).toBe(false);
});

compared("what a replacement could not delete waits, is refreshed and goes at the next up", async (both) => {
  await both.up({ declare: [a({ size: "stuck" }), b({})] });
  const plan = { declare: [a({ size: 1, kind: "other" }), b({})] };
  expect((await both.up(plan)).ok).toBe(false);
  await both.agree("refresh");
  both.everywhere((fixture) => fixture.change("a-1", { size: "free" }));
  expect((await both.up(plan)).ok).toBe(true);
});
