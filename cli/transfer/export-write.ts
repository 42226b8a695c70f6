import { createHash } from "node:crypto";
import { formatMac, type Mac } from "../../provider/mac/mac";
import { formatRange } from "../../provider/mac/range";
import type { RegisterRecord } from "../../provider/store/record";
import { jsonLine } from "../output/escape";

/** Marks a file as an export: the value of `format` in its first line. */
export const FORMAT = "macpool-export";
/** Goes up when a reader of the version before could misunderstand a file. */
export const VERSION = 1;

/**
 * Yields the lines of an export, each with its end: a header, one line a record, and a last line with the number of lines
 * before it and their SHA-256. Equal records give equal lines. Times are milliseconds since 1970.
 */
export async function* exportLines(records: AsyncIterable<RegisterRecord>): AsyncIterable<string> {
  const hash = createHash("sha256");
  let lines = 0;
  for await (const record of records) {
    const line = `${jsonLine(jsonOf(record))}\n`;
    hash.update(line);
    lines += 1;
    yield line;
  }
  yield `${jsonLine({ record: "end", lines, sha256: hash.digest("hex") })}\n`;
}

function jsonOf(record: RegisterRecord): object {
  switch (record.record) {
    case "register":
      return headerJson(record);
    case "pool":
      return poolJson(record);
    case "reservation": {
      const { start, end, reason, managedBy } = record.reservation;
      return { record: "reservation", range: formatRange({ start, end }), reason, managedBy: managedBy ?? null };
    }
    case "lease":
      return leaseJson(record);
    case "event":
      return eventJson(record);
  }
}

function headerJson({ storeId, createdAt, gapsUntil }: Extract<RegisterRecord, { record: "register" }>): object {
  return { format: FORMAT, version: VERSION, storeId, createdAt, ...(gapsUntil === undefined ? {} : { gapsUntil }) };
}

function poolJson({ pool, cursor, isRetired }: Extract<RegisterRecord, { record: "pool" }>): object {
  const { name, strategy, order, quarantineSeconds, universal, description } = pool;
  const ranges = pool.ranges.map(formatRange);
  return {
    record: "pool",
    name,
    ranges,
    strategy,
    // Versions that do not know it read what does not need it.
    ...(order === "strict" ? {} : { order }),
    quarantineSeconds,
    universal,
    description,
    cursor: formatMac(cursor),
    managedBy: pool.managedBy ?? null,
    isRetired,
  };
}

function leaseJson({ lease }: Extract<RegisterRecord, { record: "lease" }>): object {
  const { pool, owner, installation, rotation, token, seq, acquiredAt, description, tags } = lease;
  return {
    record: "lease",
    address: formatMac(lease.address),
    pool,
    owner,
    installation,
    rotation,
    slot: lease.slot === 0 ? 0 : formatMac(lease.slot),
    token,
    seq,
    acquiredAt,
    releasedAt: lease.releasedAt ?? null,
    description,
    tags,
  };
}

function eventJson({ event, before }: Extract<RegisterRecord, { record: "event" }>): object {
  const { seq, at, kind, pool, owner, installation, actor } = event;
  const address = macOrNull(event.address);
  return { record: "event", seq, at, kind, address, pool, owner, installation, actor, before: before ?? null };
}

function macOrNull(address: Mac | undefined): string | null {
  return address === undefined ? null : formatMac(address);
}
