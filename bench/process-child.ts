/**
 * Opens the register that its first argument names, says that it is ready, and allocates one address after the other during
 * the span of time that it is told; says what came of it. With `unfair` as its second argument it never leaves the lock to
 * others.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";
import { openRegister, systemContext } from "../provider/store/open";
import { Turns } from "../provider/store/sqlite/turns";
import type { LeaseStore } from "../provider/store/store";
import { timed } from "./report";

/** What a process did. */
export interface Worked {
  readonly allocations: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly longestWait: number;
}

/** When to begin and to end, in milliseconds since 1970. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

async function work(store: LeaseStore, { start, end }: Span): Promise<Worked> {
  await pause(start - Date.now());
  let allocations = 0;
  let errors = 0;
  let longestWait = 0;
  while (Date.now() < end) {
    const owner = `acme/network/process-${process.pid}/web-${allocations + errors}-nic`;
    const request = { owner, installation: "bench", pool: "default", rotation: "", description: "", tags: {} };
    const took = await timed(async () => {
      const [outcome] = await store.acquire([request]).catch(() => []);
      if (outcome?.ok === true) allocations += 1;
      else errors += 1;
    });
    longestWait = Math.max(longestWait, took);
  }
  return { allocations, errors, longestWait };
}

async function main(path: string, manners: string | undefined): Promise<void> {
  if (manners === "unfair") Turns.prototype.giveWay = () => Promise.resolve();
  const store = await openRegister(path, systemContext(console.error));
  const told = new Promise<Span>((resolve) => process.once("message", (span: Span) => resolve(span)));
  process.send?.("ready");
  const worked = await work(store, await told);
  await store.close();
  process.send?.(worked);
  process.disconnect();
}

main(process.argv[2] ?? "", process.argv[3]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
