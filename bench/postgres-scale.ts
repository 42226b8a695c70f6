import { newRegister, systemContext } from "../provider/store/open";
import { createPostgresRegister, openPostgresStore } from "../provider/store/postgres/postgres-store";
import type { LeaseStore } from "../provider/store/store";
import type { Bench } from "./bench";
import { asker } from "./contestants";
import { newSchema, runSql, within } from "./postgres-contestants";
import { withServer } from "./postgres-server";
import { type Figure, interleaved, median, medianFigure, ratios, timed } from "./report";

const SINGLES = 40;

/** Returns how a register of many leases in PostgreSQL compares with one of few. */
export const postgresScale: Bench = async ({ leases, isShort, postgres }) => {
  const figures = await withServer(postgres, async (url) => {
    const [small, ...large] = leases;
    if (small === undefined) throw new Error("Name at least one number of leases: --leases 1e6,16e6");
    const few = await filled(url, small);
    const found: Figure[] = [];
    for (const count of large) {
      const many = await filled(url, count);
      found.push(
        await latencyFigure({ leases: small, store: few.store }, { leases: count, store: many.store }, isShort),
      );
      await many.remove();
    }
    await few.remove();
    return found;
  });
  return figures ?? [];
};

interface Sized {
  readonly leases: number;
  readonly store: LeaseStore;
}

async function latencyFigure(small: Sized, large: Sized, isShort: boolean): Promise<Figure> {
  const ask = asker();
  const singles =
    ({ store }: Sized) =>
    async () => {
      const times: number[] = [];
      for (let done = 0; done < SINGLES; done += 1) times.push(await timed(() => store.acquire([ask()])));
      return median(times);
    };
  const times = await interleaved(isShort ? 7 : 25, { large: singles(large), small: singles(small) });
  const micros = (values: readonly number[]) => `${(1000 * median(values)).toFixed(0)} us`;
  return medianFigure(
    {
      id: "P5",
      name: `p50 of one allocation, ${large.leases} leases / ${small.leases}`,
      bound: "at most",
      target: 1.25,
      moonshot: 1.1,
    },
    ratios(times.large, times.small),
    `${micros(times.large)} against ${micros(times.small)}`,
  );
}

/** Makes a register with so many leases, spread evenly over the pool `default`, each with its event. */
async function filled(url: string, leases: number) {
  const schema = newSchema();
  const path = within(url, schema);
  await createPostgresRegister(path, newRegister(), systemContext(console.error));
  const took = await timed(() => runSql(url, filling(schema, leases)));
  if (leases > 0) console.error(`filled ${leases} leases in ${(took / 1000).toFixed(1)} s`);
  const store = await openPostgresStore(path, systemContext(console.error), { connections: 1 });
  const remove = async () => {
    await store.close();
    await runSql(url, `drop schema ${schema} cascade`);
  };
  return { store, remove };
}

/** Indexes that are made at the end take a fraction of the time. */
function filling(schema: string, leases: number): string {
  // Beyond what is reserved in every new register.
  const start = 0x4202_0000_0000;
  const stride = Math.floor(0xfd_0000_0000 / Math.max(leases, 1));
  const owner = "'acme/filled/production/lab:vm:Vm/web-' || lpad(n::text, 10, '0') || '-nic0'";
  const names = "(select id from name where value = 'filled')";
  return `set search_path = ${schema};
    set synchronous_commit = off;
    set maintenance_work_mem = '1GB';
    insert into name (value) values ('filled') on conflict do nothing;
    create temporary table made as
      select indexdef from pg_indexes where schemaname = '${schema}' and indexname in
        ('lease_live', 'lease_released', 'lease_release_order');
    drop index lease_live, lease_released, lease_release_order;
    with first as (select last_value as seq from event_seq), installation as (select ${names} as id)
    insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, description, tags)
    select ${start} + n * ${stride}, (select id from pool where name = 'default'), ${owner}, installation.id, '', 0,
           'filled-' || lpad(n::text, 15, '0'), first.seq + n + 1, 1, '', '{}'
    from first, installation, generate_series(0, ${leases - 1}::bigint) as n;
    insert into event (seq, at, kind, address, pool, owner, installation, actor)
    select seq, 1, 'derive', address, 'default', owner, installation, installation from lease
    where token like 'filled-%';
    select setval('event_seq', (select max(seq) from event));
    do $$ declare made record; begin
      for made in select indexdef from pg_temp.made loop execute made.indexdef; end loop;
    end $$;
    analyze lease; analyze event; checkpoint`;
}
