/**
 * Allocates one address after the other from a register, from one moment to another, and prints what came of it.
 * Arguments: the register's path, this process's number, start and end in milliseconds since 1970.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";
import { openRegister, systemContext } from "../provider/store/open";
import { timed } from "./report";

/** What a process did. */
export interface Worked {
  readonly allocations: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly longestWait: number;
}

async function main([path = "", index = "", start = "0", end = "0"]: readonly string[]): Promise<Worked> {
  const store = await openRegister(path, systemContext(console.error));
  await pause(Number(start) - Date.now());
  let allocations = 0;
  let errors = 0;
  let longestWait = 0;
  while (Date.now() < Number(end)) {
    const owner = `acme/network/process-${index}/web-${allocations + errors}-nic`;
    const request = { owner, installation: "bench", pool: "default", rotation: "", description: "", tags: {} };
    const took = await timed(async () => {
      const [outcome] = await store.acquire([request]).catch(() => []);
      if (outcome?.ok === true) allocations += 1;
      else errors += 1;
    });
    longestWait = Math.max(longestWait, took);
  }
  await store.close();
  return { allocations, errors, longestWait };
}

main(process.argv.slice(2)).then(
  (worked) => console.log(JSON.stringify(worked)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
