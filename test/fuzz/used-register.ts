import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { RegisterEvent } from "../../provider/lease/lease";
import type { PoolSpec } from "../../provider/lease/pool";
import type { Provenance } from "../../provider/resource/provenance";
import {
  collect,
  createFile,
  HOUR,
  openFile,
  type Register,
  STORE_ID,
  TINY,
  temporaryDirectory,
} from "../store/support";

/** What a register says of one address. */
export interface Said {
  readonly owner: string;
  readonly pool: string;
  readonly installation: string;
  readonly isLive: boolean;
}

/** A register that was in use, and everything that was ever true of it. */
export interface UsedRegister {
  /** Where it stood when it was closed last: everything is in one file. */
  readonly folded: string;
  /** What a process that was killed left: the later half of its changes is in the log beside the file. */
  readonly withLog: string;
  /** A log of the same register from another life of it. */
  readonly foreignLog: string;
  readonly seq: number;
  /** What the states of stacks remember, one for each grant that was made. */
  readonly states: readonly Required<Provenance>[];
  /** Returns what the register said of each address when it stood at change `seq`. */
  contentAt(seq: number): ReadonlyMap<number, Said>;
}

const WIDE: PoolSpec = {
  name: "wide",
  ranges: [{ start: 0x4220_0000_0000, end: 0x4220_0000_ffff }],
  quarantineSeconds: 3600,
};
const GONE: PoolSpec = { name: "gone", ranges: [{ start: 0x4230_0000_0000, end: 0x4230_0000_00ff }] };

/** Makes a register with leases in all states; big enough for trees of several pages. */
export async function usedRegister(): Promise<UsedRegister> {
  const directory = temporaryDirectory();
  const path = createFile({ pools: [TINY, WIDE, GONE] });
  const copyTo = (name: string) => {
    const copy = join(directory, name);
    for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    return copy;
  };
  const states: Required<Provenance>[] = [];
  const first = await openFile(path);
  await firstLife(first, states);
  await first.store.close();
  const older = copyTo("older.db");
  const second = await openFile(path);
  await secondLife(second, states, 60);
  const withLog = copyTo("with-log.db");
  const events = await collect(second.store.history());
  await second.store.close();
  const folded = copyTo("folded.db");
  const other = await openFile(older);
  await secondLife(other, [], 30);
  copyFileSync(`${older}-wal`, join(directory, "foreign-wal"));
  await other.store.close();
  const seq = events.at(-1)?.seq ?? 0;
  const contentAt = (to: number) => contentOf(events.filter((event) => event.seq <= to));
  return { folded, withLog, foreignLog: join(directory, "foreign-wal"), seq, states, contentAt };
}

async function firstLife(register: Register, states: Required<Provenance>[]): Promise<void> {
  const owners = Array.from({ length: 150 }, (_, index) => `acme/network/prod/web-${index}`);
  const grants = await Promise.all(owners.map((owner) => register.grant({ owner, pool: "wide" })));
  for (const { lease } of grants) states.push({ storeId: STORE_ID, ...lease });
  for (const { lease } of grants.slice(0, 40)) await register.release(lease);
  register.clock.advance(2 * HOUR);
  for (const { lease } of grants.slice(40, 60)) await register.release(lease);
  const gone = await register.grant({ owner: "acme/network/prod/old", pool: "gone" });
  await register.release(gone.lease);
  await register.store.deletePool("gone");
  await register.store.reserve({ start: 0x4220_0000_1000, end: 0x4220_0000_10ff, reason: "printers" });
}

async function secondLife(register: Register, states: Required<Provenance>[], count: number): Promise<void> {
  register.clock.advance(3 * HOUR);
  for (let index = 0; index < count; index += 1) {
    const pool = index % 20 === 0 ? "tiny" : "wide";
    const { lease } = await register.grant({ owner: `acme/network/test/db-${index}`, installation: "two", pool });
    states.push({ storeId: STORE_ID, ...lease });
    if (index % 3 === 1) await register.release(lease);
  }
}

/** Written without a look at how the register keeps its leases: only the history counts. */
function contentOf(events: readonly RegisterEvent[]): ReadonlyMap<number, Said> {
  const content = new Map<number, Said>();
  for (const { address, kind, owner, pool, installation } of events) {
    if (address === undefined || kind === "reserve") continue;
    content.set(address, { owner, pool, installation, isLive: kind !== "release" });
  }
  return content;
}
