import type { Manager, Order, Pool, Reservation, Strategy } from "../lease/pool";
import { type Range, rangesSize } from "../mac/range";

/** The columns that name a manager; null where no code does. Some are managed without a token. */
export interface ManagerColumns {
  readonly owner: string | null;
  readonly installation: string | null;
  readonly token: string | null;
}

/** The columns of a pool that every query for pools returns, in both kinds of SQL. */
export interface PoolColumns extends ManagerColumns {
  readonly name: string;
  readonly strategy: Strategy;
  readonly order: Order;
  readonly quarantineSeconds: number;
  readonly universal: number;
  readonly description: string;
  readonly retired: number;
}

/** One row of a query for reservations. */
export interface ReservationRow extends Range, ManagerColumns {
  readonly reason: string;
}

/** Returns the pool of a row that has these ranges, ascending. */
export function poolOfRow(row: PoolColumns, ranges: readonly Range[]): Pool {
  const { name, strategy, order, quarantineSeconds, description } = row;
  return {
    name,
    ranges,
    strategy,
    order,
    quarantineSeconds,
    description,
    universal: row.universal === 1,
    size: rangesSize(ranges),
    managedBy: managerOf(row),
  };
}

/** Returns the reservation of a row. */
export function reservationOfRow(row: ReservationRow): Reservation {
  const { start, end, reason } = row;
  return { start, end, reason, managedBy: managerOf(row) };
}

/** Returns the columns that name a manager. */
export function columnsOf(manager: Manager | undefined): ManagerColumns {
  return {
    owner: manager?.owner ?? null,
    installation: manager?.installation ?? null,
    token: manager?.token ?? null,
  };
}

/** Returns the manager that columns name. */
export function managerOf({ owner, installation, token }: ManagerColumns): Manager | undefined {
  if (owner === null || installation === null) return undefined;
  return { owner, installation, ...(token === null ? {} : { token }) };
}
