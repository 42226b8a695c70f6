import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { depth } from "../../depth";
import { temporaryDirectory } from "../../store/support";
import { type Built, reportsOf, SEED, withShim } from "./build";
import type { CutOrder, CutReport } from "./cut-points";
import { randomFrom } from "./random";
import { SCRIPTS } from "./scripts";

const STEP = depth(9, 1);
const LIMIT = { timeout: depth(120_000, 3_600_000) };

/** Cuts the power again and again within a script, and returns what each cut came to. */
function cuts(built: Built, script: string): readonly CutReport[] {
  const directory = temporaryDirectory();
  const [root, image] = [join(directory, "disk"), join(directory, "image")];
  const first = 1 + Math.floor(randomFrom(SEED)() * STEP);
  const order: CutOrder = { root, image, script, first, step: STEP, seed: SEED };
  return reportsOf<CutReport>(built, "cut-points", order, { MACPOOL_DISK_ROOT: root, MACPOOL_DISK_IMAGE: image });
}

withShim((built) => {
  describe("a power cut at any moment", () => {
    const promises = {
      life: "leaves a register whole that was created, used and closed",
      backup: "leaves a register as it is while it is copied, and the copy whole or not there",
      restore: "leaves a backup restored, or not, in a new directory",
      replace: "leaves the register before a restoring or the one after it, and what made way once that was said",
    };

    it("is tried in every script", () => {
      expect(Object.keys(promises)).toEqual(Object.keys(SCRIPTS));
    });

    it.each(Object.entries(promises))("of %s %s", LIMIT, (script) => {
      const reports = cuts(built, script);
      console.log(`power cuts within ${script}: seed ${SEED}, ${reports.length} of ${reports.at(-1)?.at} operations`);
      expect(reports.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    });
  });
});
