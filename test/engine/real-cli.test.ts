import { afterEach, describe, expect, test } from "vitest";
import type { Properties, Value } from "../host/harness";
import { findPulumi } from "./find-pulumi";
import { type Call, type Declared, type Fixture, makeFixture, type Plan } from "./fixture";
import type { Operation } from "./pass";
import { type CliStack, makeCliStack } from "./real-cli";
import { openStack, type RunOptions, type SavedResource, type Stack } from "./stack";
import { isDefaultProvider } from "./urn";
import { mapBag, mapSecrets } from "./values";

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
  readonly outputs: Properties;
  readonly state: readonly string[];
  readonly things: Record<string, unknown>;
}

interface Side {
  readonly fixture: Fixture;
  run(command: "preview" | "up" | "refresh" | "destroy", options: RunOptions): Promise<Observed>;
  remove(): void;
}

function masked(bag: Properties): Properties {
  return mapBag(bag, (value) => mapSecrets(value, () => "a secret"));
}

function describeResource(resource: SavedResource): string {
  const { urn, custom, id, parent, provider, dependencies, external } = resource;
  const bags = { inputs: masked(resource.inputs ?? {}), outputs: masked(resource.outputs ?? {}) };
  const known = { urn, custom, id, parent, provider, dependencies, external, delete: resource.delete, ...bags };
  return JSON.stringify(sorted(known as Properties)).replaceAll(uuid, "a uuid");
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
  const text = (call: Call) => JSON.stringify(sorted(call as unknown as Value));
  return {
    ok,
    operations: [...new Set(shown.map(({ op, urn }) => `${op} ${urn}`))].sort(),
    deletions: shown.filter(({ op }) => op === "delete").map(({ urn }) => urn),
    calls: fixture.calls().map(text).sort(),
    outputs,
    state: resources.map(describeResource).sort(),
    things: fixture.things(),
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

describe.skipIf(cli === undefined)("the double does what the real CLI does", () => {
  let sides: Side[] = [];
  afterEach(() => {
    for (const side of sides) side.remove();
  });

  async function start() {
    sides = [doubleSide(), await cliSide(cli ?? "")];
    const everywhere = (act: (fixture: Fixture) => void) => {
      for (const { fixture } of sides) act(fixture);
    };
    const agree = async (command: "preview" | "up" | "refresh" | "destroy", options: RunOptions = {}) => {
      const [double, real] = await Promise.all(sides.map((side) => side.run(command, options)));
      expect(double).toEqual(real);
      if (double === undefined) throw new Error("nothing was observed");
      return double;
    };
    const up = (plan: Plan, options: RunOptions = { skipPreview: true }) => {
      everywhere((fixture) => fixture.plan(plan));
      return agree("up", options);
    };
    return { everywhere, agree, up };
  }

  const a = (inputs: Properties): Declared => ({ name: "a", inputs: { label: "a", ...inputs } });
  const b = (inputs: Properties, more: Partial<Declared> = {}): Declared => ({
    name: "b",
    inputs: { label: "b", size: "$a.address", ...inputs },
    ...more,
  });
  const exports = { first: "$a.address", second: "$b.generation" };

  test("first up with its preview, no change, update in place, replacement, drift, loss, destroy", async () => {
    const { everywhere, agree, up } = await start();
    await up({ declare: [a({ size: 1 }), b({ password: { secret: "hush" } })], exports }, {});
    await up({ declare: [a({ size: 1 }), b({ password: { secret: "hush" } })], exports });
    await up({ declare: [a({ size: 2 }), b({ link: 1 })], exports });
    await up({ declare: [a({ size: 2, kind: "other" }), b({ link: 1 })], exports }, {});
    everywhere((fixture) => fixture.change("a-2", { size: 7 }));
    await agree("refresh");
    await agree("preview");
    everywhere((fixture) => fixture.lose("a-2"));
    await agree("refresh");
    await up({ declare: [a({ size: 2 }), b({ link: 1 })], exports });
    await up({ declare: [b({ size: 5 })] });
    expect((await agree("destroy")).things).toEqual({});
  });

  const urn = (type: string, name: string) => `urn:pulumi:dev::fixture::${type}::${name}`;
  const thing = "pulumi-nodejs:dynamic/fixture:Thing";

  test("renames with aliases: a resource, a component with its children, a move out of the component", async () => {
    const { agree, up } = await start();
    const group = (name: string, options: Properties = {}): Declared => ({ kind: "group", name, options });
    const disk = (name: string, parent: string): Declared => ({ name, parent, inputs: { label: "disk", size: 3 } });
    const sibling = (from: string): Declared => ({ name: "b", inputs: { label: "b", size: `$${from}.address` } });
    await up({ declare: [group("g"), disk("g-disk", "g"), a({}), sibling("g-disk")] });
    const renamed: Declared = { name: "a2", inputs: { label: "a" }, options: { aliases: [{ name: "a" }] } };
    const moved = group("h", { aliases: [{ name: "g" }] });
    await up({ declare: [moved, disk("h-disk", "h"), renamed, sibling("h-disk")] });
    const out: Declared = {
      name: "disk",
      inputs: { label: "disk", size: 3 },
      options: { aliases: [urn(`fixture:index:Group$${thing}`, "h-disk")] },
    };
    await up({ declare: [out, { name: "a2", inputs: { label: "a" } }, sibling("disk")] });
    await agree("destroy");
  });

  test("explicit provider: unknown in the first preview, changed in place, replaced, used without the program", async () => {
    const { everywhere, agree, up } = await start();
    const provider = (url: string): Declared => ({
      kind: "provider",
      name: "p",
      inputs: { url, password: { secret: "hush" } },
    });
    const inside = a({ link: "$p.id" });
    await up({ declare: [a({ link: 1 })] });
    everywhere((fixture) => fixture.plan({ declare: [provider("one"), { ...inside, provider: "p" }] }));
    await agree("preview");
    await up({ declare: [provider("one"), { ...inside, provider: "p" }], exports: { id: "$a.address" } });
    await up({ declare: [provider("two"), { ...inside, provider: "p" }] }, {});
    await up(
      { declare: [provider("two"), { ...inside, provider: "p" }] },
      { skipPreview: true, targetReplace: [urn("pulumi:providers:pulumi-nodejs", "p")] },
    );
    everywhere((fixture) => fixture.plan({ declare: [], fail: "the program must not run" }));
    await agree("refresh");
    await agree("destroy");
  });

  test("resources of others, secrets, ignored changes and an undecided diff", async () => {
    const { agree, up } = await start();
    const got: Declared = { kind: "get", name: "got", id: "a-1", inputs: { label: "?", password: { secret: "hush" } } };
    const quiet = (size: number) => b({ size, undecided: true }, { options: { ignoreChanges: ["size"] } });
    const hidden = (link: number): Declared => ({
      name: "c",
      inputs: { label: "c", undecided: true, password: { secret: "hush" }, link },
      options: { additionalSecretOutputs: ["address"] },
    });
    await up({ declare: [a({ size: 1 }), { ...got, dependsOn: ["a"] }, quiet(1), hidden(1)] });
    await up({ declare: [a({ size: 1 }), { ...got, dependsOn: ["a"] }, quiet(2), hidden(2)] }, {});
    await agree("refresh");
    await agree("destroy");
  });

  test("replacement on demand and deletion first", async () => {
    const { agree, up } = await start();
    await up({ declare: [a({ deleteFirst: true }), { name: "c", inputs: { label: "c" } }] });
    const plan = { declare: [a({ deleteFirst: true, kind: "other" }), { name: "c", inputs: { label: "c" } }] };
    await up(plan, { targetReplace: [urn(thing, "c")] });
    await agree("destroy");
  });

  test("failures of check, create, delete and read leave the same state behind", async () => {
    const { everywhere, agree, up } = await start();
    const after = (name: string, size: string): Declared => ({ name, inputs: { label: name, size }, dependsOn: ["a"] });
    expect((await up({ declare: [a({}), after("b", "refused")], exports: { a: "$a.address" } })).ok).toBe(false);
    expect((await up({ declare: [a({}), after("b", "wrong")] })).ok).toBe(false);
    await up({ declare: [a({}), after("b", "stuck")] });
    expect((await up({ declare: [a({})] })).ok).toBe(false);
    everywhere((fixture) => fixture.change("b-1", { unreadable: true }));
    expect((await agree("refresh", { skipPreview: true })).ok).toBe(false);
    expect((await agree("destroy")).ok).toBe(false);
  });
});
