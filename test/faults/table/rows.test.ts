import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

/** Where a row of the fault table is tested: a file, and the title of a test or group in it, or the beginning of one. */
type Place = readonly [file: string, title: string];

/**
 * The fault table: everything that a register in a file must withstand, and the tests that show how it does.
 */
const ROWS: Readonly<Record<string, readonly Place[]>> = {
  "a process stopped inside a transaction": [
    ["test/faults/table/suspended.test.ts", "a process that is stopped inside a transaction"],
    ["test/store/sqlite-lock.test.ts", "a register whose lock another process holds"],
  ],
  "a full disk": [
    ["test/faults/table/disk-full.test.ts", "a disk that runs full"],
    [
      "test/store/commit-queue.test.ts",
      "rejects all of its turn; nothing is acknowledged, and nothing is tried in a loop",
    ],
  ],
  "a file of mode 0444": [["test/store/sqlite-permissions.test.ts", "in a file that is read-only grants nothing"]],
  "a read-only directory": [
    ["test/store/sqlite-permissions.test.ts", "in a directory that is read-only grants nothing"],
  ],
  "a file of another user": [["test/store/sqlite-permissions.test.ts", "that is another user's alone is refused"]],
  "a path that is a directory": [["test/store/sqlite-open.test.ts", "is unusable when it is a directory"]],
  "a missing directory": [
    ["test/store/sqlite-open.test.ts", "is told apart from one that is damaged"],
    ["test/store/sqlite-create.test.ts", "makes a file that only this user can read, with the directories it needs"],
  ],
  "a log removed under an open register": [
    ["test/faults/table/log-removed.test.ts", "a log that was removed under an open register"],
  ],
  "an overwritten header": [["test/faults/table/damage.test.ts", "a register whose header was overwritten"]],
  "a text file": [["test/store/sqlite-open.test.ts", "a file that is not a register"]],
  "a file cut to half, or to 100 bytes": [["test/store/sqlite-open.test.ts", "of which only %s is left is refused"]],
  "an empty file": [
    ["test/store/sqlite-open.test.ts", "of zero bytes is refused"],
    ["test/store/sqlite-create.test.ts", "refuses a path where there is %s"],
  ],
  "a missing file": [
    ["test/store/sqlite-open.test.ts", "a path where there is no register"],
    ["test/resource/settings.test.ts", "a register that is not there is made by create"],
    ["test/resource/trust.test.ts", "without any register keeps one from being made"],
  ],
  "four pages of zeros": [
    ["test/faults/table/damage.test.ts", "a register with four pages of zeros"],
    ["test/store/sqlite-verify.test.ts", "verify of a file with a page that was wiped"],
    ["test/cli/doctor.test.ts", "a flipped byte in a table"],
  ],
  "flipped bits": [["test/faults/table/damage.test.ts", "a flipped bit in the owner of a lease"]],
  "a log that was cut, flipped or deleted": [["test/faults/table/rollback.test.ts", "a register with a log %s"]],
  "a log of another register": [["test/faults/table/rollback.test.ts", "a register with the log of another one"]],
  "an older backup in its place": [
    ["test/resource/trust.test.ts", "that is newer than the register is refused"],
    ["test/e2e/reconcile.test.ts", "an old copy that was written to since is brought up to the states of its stacks"],
  ],
  "a hard link": [["test/store/sqlite-open.test.ts", "a register with a second name"]],
  "a file that is mounted by itself": [
    ["test/faults/table/bind-mount.test.ts", "a register file that is mounted by itself"],
    ["test/store/sqlite-file-checks.test.ts", "a register file that is itself a mount point"],
  ],
  "a symbolic link": [
    ["test/store/sqlite-open.test.ts", "through a symbolic link, with the same log as by its own name"],
  ],
  "a file deleted or replaced while it is open": [
    ["test/store/sqlite-file-checks.test.ts", "a register whose file goes away while it is in use"],
    ["test/resource/trust.test.ts", "notices a register that was exchanged while it had it open"],
  ],
  "two registers by mistake": [
    ["test/resource/trust.test.ts", "from another register is refused, naming both"],
    ["test/e2e/guards.test.ts", "a register that was swapped for an empty one is refused"],
    ["test/resource/settings.test.ts", "but not %s"],
  ],
  "a newer schema": [["test/store/sqlite-open.test.ts", "a register of a newer version of the package"]],
  "an older schema": [["test/store/sqlite-migrate.test.ts", "a register of an older schema"]],
  "a clock that goes back or forward": [
    ["test/faults/table/clock.test.ts", "a clock that goes back"],
    ["test/store/contract/reuse.ts", "does not change the order of reuse when it goes back between releases"],
    ["test/store/contract/reuse.ts", "does not shorten a quarantine when it goes back"],
    ["test/store/contract/history.ts", "has the time of each change, which never goes back though the clock does"],
  ],
  "a file system that machines share": [
    ["test/store/sqlite-file-checks.test.ts", "a register on a file system that machines share"],
    ["test/store/sqlite-create.test.ts", "refuses a shared file system, and says which and what to use instead"],
  ],
};

describe("the fault table", () => {
  it.each(Object.entries(ROWS))("has tests where it says so: %s", (_, places) => {
    expect(places.length).toBeGreaterThan(0);
    for (const [file, title] of places) expect(readFileSync(join(ROOT, file), "utf8")).toContain(`"${title}`);
  });
});
