import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { MacpoolError } from "../../provider/error";
import { formatMac, parseMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";
import { connect } from "../../provider/store/postgres/database";
import { loadDriver } from "../../provider/store/postgres/load-driver";
import { lockOf } from "../../provider/store/postgres/schema";
import { depth } from "../depth";
import { BIG, HOUR, type Register, rejection, request, TINY } from "../store/support";
import { createSchema, describePostgres, openUrl, schemaOf, withClient } from "./support";

const CLIENTS = depth(6, 16);
const EACH = depth(20, 100);

/** Opens a register as so many processes would. */
function openMany(url: string, count = CLIENTS): Promise<readonly Register[]> {
  return Promise.all(Array.from({ length: count }, () => openUrl(url)));
}

async function faultsOf(register: Register | undefined): Promise<readonly string[]> {
  return (await register?.store.verify())?.faults ?? ["no register"];
}

describePostgres("clients that write at the same time", () => {
  it("get an address each in a derived pool, in one or several at once", async () => {
    const registers = await openMany(await createSchema());
    const asks = registers.flatMap((register, client) =>
      Array.from({ length: EACH }, (_, index) => register.grant({ owner: `${client}-${index}` })),
    );
    const granted = await Promise.all(asks);
    expect(new Set(granted.map(({ lease }) => lease.address)).size).toBe(CLIENTS * EACH);
    expect(new Set(granted.map(({ lease }) => lease.seq)).size).toBe(CLIENTS * EACH);
    expect(granted.every(({ rule }) => rule === "derive")).toBe(true);
    expect(await faultsOf(registers[0])).toEqual([]);
    const leases = await registers[0]?.leases();
    expect(leases).toEqual(granted.map(({ lease }) => lease).sort((one, other) => one.address - other.address));
  });

  it("get the addresses of a sequential pool without a gap, each client in ascending order", async () => {
    const sequence = { name: "sequence", ranges: [parsePrefix("42:30")], strategy: "sequential" as const };
    const registers = await openMany(await createSchema({ pools: [sequence] }));
    const granted = await Promise.all(
      registers.map(async (register, client) => {
        const addresses: number[] = [];
        for (let index = 0; index < EACH; index += 1) {
          const { lease } = await register.grant({ pool: "sequence", owner: `${client}-${index}` });
          addresses.push(lease.address);
        }
        return addresses;
      }),
    );
    for (const addresses of granted) expect(addresses).toEqual(addresses.toSorted((one, other) => one - other));
    const all = granted.flat().sort((one, other) => one - other);
    const [first = 0] = all;
    expect(formatMac(first)).toBe("42:30:00:00:00:00");
    expect(all).toEqual(all.map((_, index) => first + index));
    // Whoever was late is told by the cursor, before a number is drawn.
    const numbers = (await registers[0]?.events())?.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers?.map((_, index) => index + 1));
    expect(await faultsOf(registers[0])).toEqual([]);
  });

  it("leave one lease for one declaration, and one of them holds its token", async () => {
    const registers = await openMany(await createSchema());
    const granted = await Promise.all(registers.map((register) => register.grant()));
    expect(new Set(granted.map(({ lease }) => lease.address)).size).toBe(1);
    const leases = (await registers[0]?.leases()) ?? [];
    expect(leases).toHaveLength(1);
    const newest = granted.toSorted((one, other) => other.lease.seq - one.lease.seq)[0];
    expect(leases).toEqual([newest?.lease]);
    expect(granted.filter(({ rule }) => rule === "derive")).toHaveLength(1);
    expect(await faultsOf(registers[0])).toEqual([]);
  });

  it("leave one first lease for one declaration, though each asks for another address", async () => {
    const registers = await openMany(await createSchema());
    const first = parseMac("42:20:00:00:01:00");
    for (let round = 0; round < EACH; round += 1) {
      const wish = (client: number) => (client === 0 ? undefined : first + round * CLIENTS + client);
      await Promise.all(
        registers.map((register, client) =>
          register.grant({ owner: `owner-${round}`, requestedAddress: wish(client) }),
        ),
      );
    }
    const live = (await registers[0]?.leases({ state: "live" })) ?? [];
    expect(live.filter(({ slot }) => slot === 0)).toHaveLength(EACH);
    expect(await faultsOf(registers[0])).toEqual([]);
  });

  it("claim one address once; the others are told who holds it", async () => {
    const registers = await openMany(await createSchema());
    const requestedAddress = parseMac("42:20:00:00:00:07");
    const outcomes = await Promise.all(
      registers.map(async ({ store }, client) => {
        const [outcome] = await store.acquire([request({ owner: `client-${client}`, requestedAddress })]);
        return outcome;
      }),
    );
    expect(outcomes.filter((outcome) => outcome?.ok === true)).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) => (outcome?.ok === false ? [outcome.error] : []));
    expect(refused.map((error) => MacpoolError.is(error) && error.code)).toEqual(refused.map(() => "ADDRESS_TAKEN"));
  });

  it("exhaust a small pool exactly", async () => {
    const registers = await openMany(await createSchema());
    const outcomes = await Promise.all(
      registers.flatMap(({ store }, client) =>
        [0, 1].map((index) => store.acquire([request({ pool: "tiny", owner: `${client}-${index}` })])),
      ),
    );
    const granted = outcomes.flat().flatMap((outcome) => (outcome.ok ? [outcome.value.lease.address] : []));
    expect(new Set(granted).size).toBe(5);
    expect(granted).toHaveLength(5);
    expect(await faultsOf(registers[0])).toEqual([]);
  });

  it("keep one time, however far apart their clocks are: no event is before another, and a lease has its event's", async () => {
    const [fast, slow] = await openMany(await createSchema(), 2);
    if (fast === undefined || slow === undefined) throw new Error("two were opened");
    fast.clock.advance(5 * HOUR);
    const first = await fast.grant({ owner: "fast" });
    const { lease } = await slow.grant({ owner: "slow" });
    const released = await slow.release(lease);
    expect(lease.acquiredAt).toBe(first.lease.acquiredAt);
    expect(released?.releasedAt).toBe(first.lease.acquiredAt);
    expect(await fast.store.find(lease.address)).toEqual(released);
    const times = (await fast.events()).map(({ at }) => at);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it("release, take and change pools at once, and every invariant holds", async () => {
    const registers = await openMany(await createSchema({ pools: [{ ...TINY, quarantineSeconds: 0 }, BIG] }));
    await Promise.all(
      registers.map(async (register, client) => {
        for (let round = 0; round < EACH; round += 1) {
          const [outcome] = await register.store.acquire([
            request({ pool: "tiny", owner: `o${(client + round) % 4}` }),
          ]);
          if (outcome?.ok === true) await register.release(outcome.value.lease);
          if (round % 7 === client % 7) await register.store.updatePool("tiny", { description: `${client} ${round}` });
        }
      }),
    );
    expect(await faultsOf(registers[0])).toEqual([]);
    const live = await registers[0]?.leases({ state: "live" });
    const owners = live?.map(({ owner, installation }) => `${owner} ${installation}`) ?? [];
    expect(new Set(owners).size).toBe(owners.length);
  });
});

/** Does what a change of pools does, while `meanwhile` waits for its lock; returns what that comes to. */
async function whileDefining<T>(url: string, meanwhile: () => Promise<T>, ...changes: readonly string[]): Promise<T> {
  return withClient(url, async (client) => {
    await client.query("begin");
    await client.query(`select pg_advisory_xact_lock(${lockOf(schemaOf(url), "definitions")})`);
    const begun = meanwhile();
    // The statement is at the lock by then, and what it sees is from before.
    await pause(400);
    for (const change of [...changes, "update register set definitions = definitions + 1"]) await client.query(change);
    await client.query("commit");
    return begun;
  });
}

describePostgres("a grant that waited for a change of pools", () => {
  it("goes by the pools after it: what was reserved meanwhile is not given", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const address = (await register.store.predict(request()))?.address ?? 0;
    const reserve = `insert into reservation (start, "end", reason) values (${address}, ${address}, 'kept')`;
    const { lease, rule } = await whileDefining(url, () => register.grant(), reserve);
    expect(rule).toBe("derive");
    expect(lease.address).not.toBe(address);
  });

  it("is refused in a pool that was deleted meanwhile", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const error = await whileDefining(
      url,
      () => rejection(register.grant({ pool: "tiny" })),
      "delete from pool_range where pool = (select id from pool where name = 'tiny')",
      "update pool set retired = 1 where name = 'tiny'",
    );
    expect(error.code).toBe("POOL_NOT_FOUND");
  });
});

/** Makes sessions that begin take the server's id of `whose` connection for their own, as it is when they need it. */
function mistake(whose: () => number): void {
  const { prototype } = loadDriver().Client;
  const { query } = prototype;
  const mistaken = async function (this: unknown, ...asked: unknown[]) {
    const result: { rows?: { pid?: unknown }[] } = await Reflect.apply(query, this, asked);
    for (const row of result.rows ?? []) if ("pid" in row) row.pid = { toPostgres: () => String(whose()) };
    return result;
  };
  Reflect.set(prototype, "query", mistaken);
  onTestFinished(() => {
    Reflect.set(prototype, "query", query);
  });
}

describePostgres("a connection that broke", () => {
  const open = async (url: string) => {
    const database = await connect(url, { connections: 1 });
    onTestFinished(() => database.close());
    const [row] = await database.query<{ id: number }>("select pg_backend_pid() as id");
    return { database, id: row?.id ?? 0 };
  };
  const breakOff = async ({ database }: Awaited<ReturnType<typeof open>>) => {
    await expect(database.query("select pg_terminate_backend(pg_backend_pid())")).rejects.toThrow("terminating");
    await database.endLost();
  };

  it("is ended at the server, which may still work for it", async () => {
    const url = await createSchema();
    const older = await open(url);
    mistake(() => older.id);
    await breakOff(await open(url));
    const left = "select from pg_stat_activity where pid = $1";
    expect(await older.database.query({ text: left, values: [older.id] })).toEqual([]);
  });

  it("is not mistaken for one that came later and has the same number at the server", async () => {
    const url = await createSchema();
    let later = { id: 0 };
    mistake(() => later.id);
    const broken = await open(url);
    await pause(50);
    const { database, id } = await open(url);
    later = { id };
    await breakOff(broken);
    expect(await database.query("select pg_backend_pid() as id")).toEqual([{ id }]);
  });
});

describePostgres("a client that stops inside a change of pools", () => {
  it("is ended by the server, and the others go on", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    await withClient(url, async (client) => {
      client.on("error", () => undefined);
      await client.query("set idle_in_transaction_session_timeout = 500");
      await client.query("begin");
      await client.query(`select pg_advisory_xact_lock(${lockOf(schemaOf(url), "definitions")})`);
      expect((await register.grant()).rule).toBe("derive");
    });
  });

  it("has that limit, and others, in each of our sessions", async () => {
    const database = await connect(await createSchema());
    onTestFinished(() => database.close());
    const show = async (name: string) => Object.values((await database.query<object>(`show ${name}`))[0] ?? {})[0];
    expect(await show("idle_in_transaction_session_timeout")).toBe("10s");
    expect(await show("lock_timeout")).toBe("5s");
    expect(await show("statement_timeout")).toBe("30s");
    expect(await show("synchronous_commit")).toBe("on");
    expect(await show("default_transaction_isolation")).toBe("read committed");
    expect(await show("application_name")).toBe("pulumi-macpool");
    expect(await show("search_path")).toBe(database.schema);
  });
});
