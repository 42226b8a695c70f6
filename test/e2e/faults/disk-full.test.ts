import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileRegister } from "../support/file-register";
import { rackOf } from "../support/rack";
import { withFilesOnly } from "../support/scenario";
import { noSmallDisk, SmallDisk } from "../support/small-disk";

const NICS = 100;

/** Enough for some commits of sixteen creates, not for all that a hundred take. */
const KIBIBYTES_LEFT = 200;

const reason = noSmallDisk();
if (reason === undefined) {
  withFilesOnly("the disk is the server's", (scenario) => {
    scenario(
      "an up of a hundred NICs whose disk fills up says so, and with space again goes on from there",
      async (lab) => {
        const disk = new SmallDisk(lab.path("disk"), 4);
        try {
          lab.useRegister(new FileRegister(join(disk.directory, "register.db")));
          const rack = await rackOf(lab, NICS);
          disk.fill(KIBIBYTES_LEFT);
          const text = await rack.stack.failing("up");
          expect(text).toContain(
            `Register ${lab.register.store} (SQLITE_FULL): no space is left on the device; nothing was allocated. Free some space and run again.`,
          );
          const granted = await lab.register.holders();
          const count = Object.keys(granted).length;
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThan(NICS);
          expect(await lab.register.faults()).toEqual([]);

          disk.clear();
          await rack.upAfter(granted);
        } finally {
          disk.unmount();
        }
      },
    );
  });
} else {
  console.warn(`\nSKIPPED: the test of a full disk, because ${reason}.\n`);
  describe.skip("a full disk", () => test("needs a small one", () => undefined));
}
