import { createHash, hash } from "node:crypto";
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
  const digest = sha256(`macpool/derive/1\n${pool.name}\n${owner}\n${attempt}`);
  return macAtOffset(pool.ranges, remainder(digest.slice(0, 16), pool.size));
}

/** Returns what remains of 64 bits, as 16 hexadecimal digits, divided by `size`, which is at most 2^48. */
function remainder(bits: string, size: number): number {
  // Nearly every pool is a whole prefix, and then only the lower bits count, which a number holds exactly.
  if (Number.isInteger(2 ** 48 / size)) return Number(`0x${bits.slice(4)}`) % size;
  return Number(BigInt(`0x${bits}`) % BigInt(size));
}

/** In one step where Node has it (from 20.12 on), which takes a third of the time. */
function sha256(text: string): string {
  return typeof hash === "function"
    ? hash("sha256", text, "hex")
    : createHash("sha256").update(text, "utf8").digest("hex");
}
