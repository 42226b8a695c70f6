import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { lockOf } from "../../../provider/store/postgres/schema";
import type { LeaseStore } from "../../../provider/store/store";
import { oneOf, type Random } from "../../faults/disk/random";
import type { Writer } from "../../faults/processes/writers";
import type { Relay } from "../relay";
import type { TestServer } from "../server";
import { withClient } from "../support";

/** The statement that writes a group. */
const WRITE = "macpool-apply";

/** What chaos is made on. */
export interface Field {
  readonly server: TestServer;
  /** Through it the writers reach the server. */
  readonly relay: Relay;
  readonly writers: readonly [Writer, ...Writer[]];
  /** The register for one who changes pools meanwhile, through the relay as well. */
  readonly store: LeaseStore;
  /** The schema of the register. */
  readonly schema: string;
}

type Strike = (field: Field, random: Random) => Promise<void>;

/** Every kind of trouble, and how often it comes in one round. */
const STRIKES: Readonly<Record<string, readonly [number, Strike]>> = {
  "kills of a client": [
    3,
    async ({ writers }, random) => {
      const writer = oneOf(writers, random);
      await writer.worker.kill();
      await writer.start();
    },
  ],
  "deaths between commit and telling": [
    2,
    async ({ writers }, random) => {
      const writer = oneOf(writers, random);
      writer.worker.tell({ do: "die" });
      await writer.worker.gone();
      await writer.start();
    },
  ],
  "terminated backends": [3, terminate],
  "immediate restarts": [1, ({ server }) => server.restart("SIGQUIT")],
  "lost replies": [4, async ({ relay }) => relay.cutNext("reply", WRITE)],
  "lost requests": [1, async ({ relay }) => relay.cutNext("request", WRITE)],
  "broken connections": [2, async ({ relay }, random) => relay.cutAny(random())],
  "suspended clients": [
    2,
    async ({ writers }, random) => {
      const { worker } = oneOf(writers, random);
      worker.suspend();
      await wait(random() * 300);
      worker.resume();
    },
  ],
  "locks held by others": [2, block],
  "locks held while a connection breaks": [2, blockAndCut],
  "wrong clocks": [
    2,
    async ({ writers }, random) => {
      // Forward on the whole, so that quarantines end, and back every now and then.
      forward += 2000;
      const offset = Math.round(forward + (random() - 0.5) * 20_000);
      expect(await oneOf(writers, random).worker.ask({ do: "clock", offset })).toEqual({});
    },
  ],
  "changes of pools": [
    2,
    async ({ store }, random) => {
      await store.updatePool("large", { description: `as of ${random()}` });
    },
  ],
};

let forward = 0;

/** Lets all kinds of trouble come in so many rounds, in any order, and returns how often each came. */
export async function chaos(field: Field, rounds: number, random: Random): Promise<Readonly<Record<string, number>>> {
  const done: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, strike] of shuffled(random)) {
      await wait(20 + random() * 120);
      await strike(field, random);
      done[name] = (done[name] ?? 0) + 1;
    }
  }
  return done;
}

function shuffled(random: Random): readonly (readonly [string, Strike])[] {
  const all = Object.entries(STRIKES).flatMap(([name, [count, strike]]) =>
    Array.from({ length: count }, () => ({ name, strike, at: random() })),
  );
  return all.toSorted((one, other) => one.at - other.at).map(({ name, strike }) => [name, strike]);
}

async function terminate({ server }: Field, random: Random): Promise<void> {
  await withClient(server.url(), (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pulumi-macpool'
       order by pid offset ${Math.floor(random() * 8)} limit 1`,
    ),
  );
}

/** Holds every lease, or all changes, for a while. */
async function block({ server, schema }: Field, random: Random, meanwhile = () => undefined): Promise<void> {
  await withClient(server.url(), async (client) => {
    await client.query("begin");
    await client.query(
      random() < 0.5
        ? `select from ${schema}.lease order by address for update`
        : `select pg_advisory_xact_lock(${lockOf(schema, "definitions")})`,
    );
    await wait(50 + random() * 200);
    meanwhile();
    await wait(50 + random() * 200);
    await client.query("rollback");
  });
}

/** What a client asked for stands waiting in the server while the client already asks again. */
async function blockAndCut(field: Field, random: Random): Promise<void> {
  await block(field, random, () => {
    for (let count = 0; count < 4; count += 1) field.relay.cutAny(random());
    return undefined;
  });
}
