import { existsSync } from "node:fs";
import { expect } from "vitest";
import { parsePrefix } from "../../../provider/mac/range";
import type { Properties } from "../../host/harness";
import type { RunOptions } from "./engine";
import type { Lab, Stack, StackPlan } from "./lab";
import { type Fault, strikeAt } from "./provider-hooks";

/** How many steps an engine runs at the same time, whatever the machine. */
const PARALLEL = 16;

/** What the program of a rack may say besides. */
interface RackPlan extends Partial<StackPlan> {
  /** The NIC with this number is made before those that follow it. */
  readonly firstMake?: number;
}

/** A stack of many NICs called `nic-0`, `nic-1` and so on, in plain JavaScript, which starts sooner. */
export class Rack {
  readonly stack: Stack;
  readonly #lab: Lab;
  readonly #count: number;
  readonly #plan: RackPlan;
  #faults = 0;

  constructor(lab: Lab, stack: Stack, count: number, plan: RackPlan) {
    this.#lab = lab;
    this.#plan = plan;
    this.stack = stack;
    this.#count = count;
  }

  /** Gives every NIC this description; the next `up` has something to update. */
  describe(description: string): void {
    this.stack.program(programOf(this.#count, description, this.#plan));
  }

  /** Runs an operation in which the provider process is killed, and expects that it was, and that it failed for that. */
  async killedIn(operation: "up" | "destroy", fault: Fault, run: RunOptions = {}): Promise<void> {
    this.#faults += 1;
    const marker = this.#lab.path(`struck-${this.#faults}`);
    const text = await this.stack.failing(operation, { ...run, env: strikeAt(fault, "die", marker) });
    expect(existsSync(marker), text).toBe(true);
  }

  /** Runs `up` and returns the address of each NIC. */
  async up(): Promise<Properties> {
    return (await this.stack.up()).outputs;
  }

  /**
   * Runs `up`, twice, and expects that every NIC has an address of its own, among them those that were `granted` before,
   * and that the register holds these and no others. Returns them.
   */
  async upAfter(granted: Properties): Promise<Properties> {
    const macs = await this.up();
    expect(macs).toMatchObject(granted);
    expect(Object.keys(macs)).toHaveLength(this.#count);
    expect(new Set(Object.values(macs)).size).toBe(this.#count);
    expect(await this.#lab.register.holders()).toEqual(macs);
    expect(await this.#lab.register.released()).toEqual([]);
    expect(await this.#lab.register.faults()).toEqual([]);
    expect(await this.stack.up()).toMatchObject({ changes: [], outputs: macs });
    return macs;
  }

  /** Runs `destroy` and expects that nobody holds an address any more, and that each NIC had one only. */
  async destroy(): Promise<void> {
    await this.stack.destroy();
    expect(await this.stack.resources()).toEqual([]);
    expect(await this.#lab.register.live()).toEqual([]);
    expect(await this.#lab.register.released()).toHaveLength(this.#count);
    expect(await this.#lab.register.faults()).toEqual([]);
  }
}

/**
 * Makes a stack of `count` NICs and, unless it is there, a register whose pool hands out one address after the other:
 * nothing but the register itself knows which NIC has which.
 */
export async function rackOf(lab: Lab, count: number, plan: RackPlan = {}): Promise<Rack> {
  if (!(await lab.register.exists())) {
    const ranges = [parsePrefix("52:54:00:aa")];
    const register = await lab.register.create();
    await register.change((store) => store.createPool({ name: "rack", ranges, strategy: "sequential" }));
  }
  const config = { "macpool:store": lab.register.store, "macpool:pool": "rack" };
  const env = { PULUMI_PARALLEL: String(PARALLEL) };
  const stack = await lab.stack({ entry: "index.js", program: programOf(count, "", plan), config, env, ...plan });
  return new Rack(lab, stack, count, plan);
}

function programOf(count: number, description: string, { firstMake = count }: RackPlan): string {
  return `
const { MacAddress } = require("pulumi-macpool");
const nics = [];
for (let index = 0; index < ${count}; index += 1) {
  const name = "nic-" + index;
  const dependsOn = index > ${firstMake} ? [nics[${firstMake}]] : [];
  nics.push(new MacAddress(name, { description: ${JSON.stringify(description)} }, { dependsOn }));
  exports[name] = nics[index].address;
}
`;
}
