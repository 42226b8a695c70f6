import { createHash } from "node:crypto";
import type { Mac } from "../mac/mac";
import { macAtOffset } from "../mac/range";
import type { Pool } from "./pool";

/** How many candidates an owner has in a derived pool before allocation falls back to the sequence. */
export const ATTEMPTS = 16;

/**
 * Returns candidate `attempt` (0 to 15) of `owner` in `pool`, whether or not it is free.
 *
 * `macpool/derive/1`: SHA-256 of the UTF-8 text `macpool/derive/1\n<pool>\n<owner>\n<attempt>`; its first 8 bytes,
 * big-endian, modulo the pool's size, are the offset into its ranges. Frozen: registers on different machines agree
 * through it (test/lease/derive.json).
 */
export function derive(pool: Pool, owner: string, attempt: number): Mac {
  const digest = createHash("sha256").update(`macpool/derive/1\n${pool.name}\n${owner}\n${attempt}`, "utf8").digest();
  return macAtOffset(pool.ranges, Number(digest.readBigUInt64BE(0) % BigInt(pool.size)));
}
