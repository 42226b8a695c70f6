import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StateResource } from "../../e2e/support/engine";
import type { Lab, Stack } from "../../e2e/support/lab";
import { onEveryEngine, type Scenario } from "../../e2e/support/scenario";
import { findPulumi } from "../../engine/find-pulumi";
import type { Config } from "../../engine/stack";
import type { Properties, Value } from "../../host/harness";
import { exampleFile, openExample, typeErrorsOf } from "./example";
import { installExample } from "./installed";

/** An example with the typed package of a hypervisor. */
export interface TypedExample {
  /** The folder below `examples/`. */
  readonly name: string;
  /** What its README says to configure. */
  readonly config?: Config;
  /** The npm package of the provider and the name of its plugin. */
  readonly plugin: { readonly npm: string; readonly name: string };
  /** The type of the resource that is given the address, and where in its inputs the address is. */
  readonly nic: { readonly type: string; readonly path: readonly (string | number)[] };
  /** What a MAC address looks like there. */
  readonly form: RegExp;
}

/** Tells what one example promises beyond the others; `open` opens it with its packages. */
type Telling = (scenario: Scenario, open: (lab: Lab) => Promise<Stack>) => void;

/** Tells what every such example promises, and more. Installs its packages first, which takes some seconds. */
export function promisesOf(example: TypedExample, more: Telling = () => {}): void {
  const modules = installExample(example.name);
  const title = `examples/${example.name}`;
  if (modules === undefined) {
    test.skip(`${title}: its packages cannot be had here`, () => {});
    return;
  }
  describe(title, () => {
    test("is right in its types, against the packages that it names", () => {
      expect(typeErrorsOf(example.name, modules)).toBe("");
    }, 120_000);
    onEveryEngine((scenario) => {
      scenario("gives the machine exactly the declared address, and the same after destroy and up", async (lab) => {
        await keepsItsAddress(lab, example, modules);
      });
      scenario.realOnly(
        "never has two machines with one address while one takes the place of the other",
        "its stand-in for other providers knows no network",
        (lab) => replacesInOrder(lab, example, modules),
      );
      more(scenario, (lab) => open(lab, example, modules));
    });
  });
}

async function keepsItsAddress(lab: Lab, example: TypedExample, modules: string): Promise<void> {
  const stack = await open(lab, example, modules);
  const foreseen = await stack.preview();
  const { outputs } = await stack.up();
  expect(outputs["address"]).toMatch(example.form);
  expect(foreseen.outputs["address"]).toBe(outputs["address"]);
  const given = () => addressGiven(stack, example);
  expect(await given()).toBe(outputs["address"]);
  expect(await lab.register.live()).toEqual([String(outputs["address"]).toLowerCase()]);
  await stack.destroy();
  expect(await lab.register.live()).toEqual([]);
  await stack.up();
  expect(await given()).toBe(outputs["address"]);
}

async function replacesInOrder(lab: Lab, example: TypedExample, modules: string): Promise<void> {
  const stack = await open(lab, example, modules);
  await stack.up();
  const before = await addressGiven(stack, example);
  const { urn, id } = await resourceOf(stack, example.nic.type);
  await stack.up({ targetReplace: urn });
  expect((await resourceOf(stack, example.nic.type)).id).not.toBe(id);
  expect(await addressGiven(stack, example)).toBe(before);
}

/** Opens the example with its packages installed, and with a stand-in for the provider's plugin. */
async function open(lab: Lab, example: TypedExample, modules: string): Promise<Stack> {
  const config = { "macpool:store": lab.register.store, ...example.config };
  const stack = await openExample(lab, example.name, { config, env: plugin(lab, example) });
  symlinkSync(modules, join(stack.directory, "node_modules"), "junction");
  return stack;
}

/** Puts a plugin of the provider's name on the PATH, where the engine looks first. */
function plugin(lab: Lab, { name, plugin }: TypedExample): NodeJS.ProcessEnv {
  const version = JSON.parse(exampleFile(name, "package.json")).dependencies[plugin.npm];
  const directory = lab.path("plugins");
  const file = join(directory, `pulumi-resource-${plugin.name}`);
  mkdirSync(directory);
  const script = join(__dirname, "network-plugin.cjs");
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${script}" ${version}\n`);
  chmodSync(file, 0o755);
  const path = [directory, findPulumi(), process.env["PATH"]].filter((entry) => entry !== undefined);
  return { PATH: path.join(delimiter), NETWORK_PLUGIN_STATE: lab.path("network.json") };
}

/** Returns the address that the resource was given, from the state. */
export async function addressGiven(stack: Stack, { nic }: Pick<TypedExample, "nic">): Promise<Value | undefined> {
  return at((await resourceOf(stack, nic.type)).outputs, nic.path);
}

async function resourceOf(stack: Stack, type: string): Promise<StateResource> {
  const found = (await stack.resources()).filter((resource) => resource.type === type);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`the state has ${found.length} resources of ${type}`);
  return only;
}

function at(bag: Properties | undefined, path: readonly (string | number)[]): Value | undefined {
  return path.reduce<Value | undefined>((value, step) => member(value, step), bag);
}

function member(value: Value | undefined, step: string | number): Value | undefined {
  if (Array.isArray(value)) return value[Number(step)];
  return typeof value === "object" && value !== null ? value[step] : undefined;
}
