import { join } from "node:path";

const hook = join(__dirname, "..", "hooks", "after-grant.cjs");

/**
 * Returns the environment in which the provider process is killed as soon as it has committed the grant of an address to
 * `nic`, before it can answer. Other processes do not open a register, so nothing happens to them.
 */
export function dieAfterGrant(nic: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--require ${hook}`, E2E_AFTER_GRANT: JSON.stringify({ nic }) };
}

/** Returns the environment in which the provider hangs there instead, after it created the file `marker`. */
export function hangAfterGrant(nic: string, marker: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--require ${hook}`, E2E_AFTER_GRANT: JSON.stringify({ nic, marker }) };
}
