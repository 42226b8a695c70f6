import { openSync, writeSync } from "node:fs";
import type { AcquireRequest, Lease } from "../../../provider/lease/lease";
import { systemContext } from "../../../provider/store/open";
import { openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import type { LeaseStore } from "../../../provider/store/store";
import { type Laxity, relax } from "./lax";
import { oneOf, randomFrom } from "./random";

/** What a process that never stops asking a register is told on its command line. */
export interface StreamOrder extends Laxity {
  readonly path: string;
  /** Where each line of {@link Said} goes, written before the request and after its answer. */
  readonly log: string;
  readonly owners: readonly string[];
  readonly pools: readonly [string, ...string[]];
  readonly seed: number;
}

/** A line of a log: what is asked for an owner, or what was acknowledged. */
export type Said =
  | { readonly said: "ask"; readonly owner: string; readonly verb: "acquire" | "release" }
  | {
      readonly said: "granted";
      readonly owner: string;
      readonly address: number;
      readonly token: string;
      readonly seq: number;
    }
  | { readonly said: "released"; readonly owner: string; readonly seq: number };

/** Owners asked for in one turn of the event loop, which makes their requests one commit. */
const AT_ONCE = 3;

async function main(order: StreamOrder): Promise<never> {
  relax(order);
  const random = randomFrom(order.seed);
  const log = openSync(order.log, "a");
  const say = (line: Said) => writeSync(log, `${JSON.stringify(line)}\n`);
  const store = await openSqliteStore(
    order.path,
    systemContext(() => {}),
  );
  const live = new Map<string, Lease>();
  for await (const lease of store.list({ state: "live" })) live.set(lease.owner, lease);
  for (;;) {
    const owners = [...order.owners].sort(() => random() - 0.5).slice(0, AT_ONCE);
    await Promise.all(
      owners.map(async (owner) => {
        const lease = live.get(owner);
        if (lease !== undefined && random() < 0.5) {
          await release(store, lease, say);
          live.delete(owner);
        } else live.set(owner, await acquire(store, owner, lease?.pool ?? oneOf(order.pools, random), say));
      }),
    );
  }
}

async function acquire(store: LeaseStore, owner: string, pool: string, say: (line: Said) => void): Promise<Lease> {
  say({ said: "ask", owner, verb: "acquire" });
  const description = "A few words about a virtual machine, so that pages fill up. ".repeat(3);
  const request: AcquireRequest = { owner, pool, installation: "one", rotation: "", description, tags: {} };
  const [outcome] = await store.acquire([request]);
  if (outcome?.ok !== true) throw outcome?.error ?? new Error("no outcome");
  const { address, token, seq } = outcome.value.lease;
  say({ said: "granted", owner, address, token, seq });
  return outcome.value.lease;
}

async function release(store: LeaseStore, lease: Lease, say: (line: Said) => void): Promise<void> {
  say({ said: "ask", owner: lease.owner, verb: "release" });
  const [released] = await store.release([lease]);
  if (released === undefined) throw new Error(`the register does not know the lease of ${lease.owner}`);
  say({ said: "released", owner: lease.owner, seq: released.seq });
}

main(JSON.parse(process.argv[2] ?? "")).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
