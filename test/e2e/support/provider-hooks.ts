import { join } from "node:path";

/** What happens to the provider process, once. */
export interface Fault {
  /** The last part of an owner: the logical name of a NIC. */
  readonly nic: string;
  /** The call that does it. */
  readonly change: "create" | "update" | "delete";
  readonly moment: "before the commit" | "after the commit" | "after the reply";
}

/**
 * Returns the environment in which the provider process creates the file `marker` at the given moment, and then dies,
 * hangs, or waits until the file is gone. Other processes do not open a register, so nothing happens to them.
 */
export function strikeAt(fault: Fault, act: "die" | "hang" | "wait", marker?: string): NodeJS.ProcessEnv {
  return preload("fault", "E2E_FAULT", { ...fault, act, marker });
}

/** Returns the environment in which the provider process waits for a lock `factor` times shorter than it says. */
export function inHaste(factor: number): NodeJS.ProcessEnv {
  return preload("haste", "E2E_HASTE", { factor });
}

/**
 * Returns the environment in which a process dies as soon as it has sent a statement with `text` in it to a PostgreSQL
 * server.
 */
export function dieAtStatement(text: string): NodeJS.ProcessEnv {
  return preload("die-at-statement", "E2E_STATEMENT", { text });
}

function preload(hook: string, variable: string, order: object): NodeJS.ProcessEnv {
  const file = join(__dirname, "..", "hooks", `${hook}.cjs`);
  return { NODE_OPTIONS: `--require ${file}`, [variable]: JSON.stringify(order) };
}
