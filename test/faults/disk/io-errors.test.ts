import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { depth } from "../../depth";
import { temporaryDirectory } from "../../store/support";
import { type Built, reportsOf, SEED, withShim } from "./build";
import type { Fault } from "./fault";
import type { ErrorOrder, ErrorReport } from "./io-errors";
import { randomFrom } from "./random";

const LIMIT = { timeout: depth(120_000, 3_600_000) };
const random = randomFrom(SEED);

/** Makes operations fail, every `step`th of their kind in a short run, and returns what each came to. */
function failures(built: Built, fault: Omit<Fault, "at">, step: number): readonly ErrorReport[] {
  const root = join(temporaryDirectory(), "disk");
  const every = depth(step, 1);
  const at = 1 + Math.floor(random() * every);
  const order: ErrorOrder = { root, faults: [{ ...fault, at, step: every }] };
  const reports = reportsOf<ErrorReport>(built, "io-errors", order, { MACPOOL_DISK_ROOT: root });
  const told = [...new Set(reports.flatMap((report) => report.told))].toSorted().join(", ");
  console.log(`${fault.action} ${fault.how} (${fault.kinds}): seed ${SEED}, ${reports.length} runs; told: ${told}`);
  return reports;
}

withShim((built) => {
  describe("an operation on the disk that fails", () => {
    it.each([
      ["sync, once", { action: "EIO", kinds: "s", how: "once" }, 7],
      ["sync, from then on", { action: "EIO", kinds: "s", how: "sticky" }, 11],
      ["write, once", { action: "EIO", kinds: "w", how: "once" }, 29],
      ["write, from then on", { action: "EIO", kinds: "w", how: "sticky" }, 37],
      ["write for which there is only half the space", { action: "ENOSPC", kinds: "w", how: "once" }, 29],
      ["write on a disk that stays full", { action: "ENOSPC", kinds: "w", how: "sticky" }, 37],
      ["truncation", { action: "EIO", kinds: "t", how: "once" }, 1],
      ["change of a directory", { action: "EIO", kinds: "e", how: "once" }, 4],
    ] as const)("is told with its file and a remedy, and loses and leaks nothing: a %s", LIMIT, (_, fault, step) => {
      const reports = failures(built, fault, step);
      expect(reports.length).toBeGreaterThan(0);
      expect(reports.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    });
  });
});
