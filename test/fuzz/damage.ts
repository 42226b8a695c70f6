import { copyFileSync, existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import type { UsedRegister } from "./used-register";

const PAGE = 4096;

/** What happened to the files of a register. Places are fractions, so that they fit files of any size. */
export type Damage =
  | { readonly to: File; readonly by: "flipping bits"; readonly places: readonly number[] }
  | { readonly to: File; readonly by: "cutting it"; readonly at: number }
  | { readonly to: File; readonly by: "noise"; readonly at: number; readonly noise: Uint8Array }
  | { readonly to: File; readonly by: "zero pages"; readonly places: readonly number[] }
  | { readonly to: File; readonly by: "swapped pages"; readonly one: number; readonly other: number }
  | { readonly to: "-wal"; readonly by: "deleting it" }
  | { readonly to: "-wal"; readonly by: "another log" };

type File = "" | "-wal" | "-shm";

/** Every number from 0 up to, but without, 1. */
const place = fc.nat(2 ** 30 - 1).map((number) => number / 2 ** 30);
const fewPlaces = fc.array(place, { minLength: 1, maxLength: 4 });
const manyPlaces = fc.array(place, { minLength: 50, maxLength: 400, size: "max" });
const to = fc.constantFrom<File>("", "", "", "-wal", "-wal", "-shm");

/** Any damage to any file. */
export const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ to, by: fc.constant("flipping bits" as const), places: fewPlaces }) },
  { weight: 2, arbitrary: fc.record({ to, by: fc.constant("flipping bits" as const), places: manyPlaces }) },
  { weight: 3, arbitrary: fc.record({ to, by: fc.constant("cutting it" as const), at: place }) },
  {
    weight: 2,
    arbitrary: fc.record({
      to,
      by: fc.constant("noise" as const),
      at: place,
      noise: fc.uint8Array({ maxLength: 600 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ to, by: fc.constant("zero pages" as const), places: fewPlaces }) },
  { weight: 2, arbitrary: fc.record({ to, by: fc.constant("swapped pages" as const), one: place, other: place }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Damage>({ to: "-wal", by: "deleting it" }, { to: "-wal", by: "another log" }),
  },
);

/** Puts a copy of the register, damaged, at `path`; with or without a log beside it. */
export function damaged(register: UsedRegister, hasLog: boolean, damages: readonly Damage[], path: string): void {
  const source = hasLog ? register.withLog : register.folded;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  for (const suffix of ["", "-wal"]) if (existsSync(source + suffix)) copyFileSync(source + suffix, path + suffix);
  for (const damage of damages) inflict(damage, register, path + damage.to);
  // An empty file that is quite new may be one that is being created, and would be waited for.
  utimesSync(path, 1, 1);
}

function inflict(damage: Damage, register: UsedRegister, file: string): void {
  if (damage.by === "deleting it") rmSync(file, { force: true });
  else if (damage.by === "another log") copyFileSync(register.foreignLog, file);
  // What was left of the index into the log when its last user died.
  else if (existsSync(file) || damage.to === "-shm") writeFileSync(file, worse(damage, contentOf(file)));
}

function contentOf(file: string): Buffer {
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(8 * PAGE, 0xa5);
}

function worse(damage: Damage, content: Buffer): Buffer {
  const pages = Math.ceil(content.length / PAGE);
  switch (damage.by) {
    case "flipping bits":
      for (const at of damage.places) {
        const bit = Math.floor(at * content.length * 8);
        content[bit >> 3] = (content[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      }
      return content;
    case "cutting it":
      return content.subarray(0, Math.floor(damage.at * content.length));
    case "noise":
      content.set(damage.noise.subarray(0, content.length), Math.floor(damage.at * Math.max(0, content.length - 600)));
      return content;
    case "zero pages":
      for (const at of damage.places) {
        const start = Math.floor(at * pages) * PAGE;
        content.fill(0, start, Math.min(content.length, start + PAGE));
      }
      return content;
    case "swapped pages": {
      const [one, other] = [damage.one, damage.other].map((at) => Math.floor(at * pages) * PAGE);
      const page = Buffer.from(content.subarray(one, (one ?? 0) + PAGE));
      content.copyWithin(one ?? 0, other ?? 0, (other ?? 0) + PAGE);
      content.set(page.subarray(0, content.length - (other ?? 0)), other);
      return content;
    }
    case "deleting it":
    case "another log":
      return content;
  }
}
