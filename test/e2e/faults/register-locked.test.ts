import { EventEmitter } from "node:events";
import { expect } from "vitest";
import { depth } from "../../depth";
import type { Lab } from "../support/lab";
import { LockHolder } from "../support/lock-holder";
import { inHaste } from "../support/provider-hooks";
import { type Rack, rackOf } from "../support/rack";
import { withFilesOnly } from "../support/scenario";

const NICS = 3;

/** The product tells of a lock after 5 s and gives up after 60 s; a short run has a tenth of that. */
const patience = inHaste(depth(10, 1));

interface Locked {
  readonly rack: Rack;
  readonly holder: LockHolder;
  /** What an `up` says of the lock while it waits for it. */
  readonly warning: string;
}

/** Tells a tale of a register whose lock a stopped process holds. */
function locked(tell: (locked: Locked, lab: Lab) => Promise<void>) {
  return async (lab: Lab): Promise<void> => {
    const rack = await rackOf(lab, NICS);
    const holder = await LockHolder.of(lab.register.store);
    const warning = `Another process holds the lock of register ${lab.register.store}. It may be suspended. Waiting, 60 s at most.`;
    try {
      await tell({ rack, holder, warning }, lab);
    } finally {
      await holder.kill();
    }
  };
}

/** Returns a listener that calls `react` each time it has heard the next of `words`, in however many pieces. */
function whenHeard(words: readonly string[], react: () => void): (text: string) => void {
  let heard = "";
  let count = 0;
  return (text) => {
    heard += text;
    const next = words[count];
    if (next === undefined || !heard.includes(next)) return;
    count += 1;
    react();
  };
}

withFilesOnly("nobody but the server holds its locks", (scenario) => {
  scenario(
    "an up that meets a register locked by a stopped process says so, and goes on when that one does",
    locked(async ({ rack, holder, warning }) => {
      let resumed: Promise<void> | undefined;
      const onText = whenHeard([warning], () => {
        resumed = holder.resume();
      });
      await rack.stack.up({ env: patience, onText });
      expect(resumed, "the lock was not told of while it was waited for").toBeDefined();
      await resumed;
      await rack.upAfter({});
    }),
  );

  scenario(
    "an up that meets a register locked by a stopped process to the end fails clearly, and works when that one is gone",
    locked(async ({ rack, holder, warning }, lab) => {
      const start = performance.now();
      const text = await rack.stack.failing("up", { env: patience });
      const waited = performance.now() - start;
      expect(waited).toBeGreaterThan(depth(6_000, 60_000));
      expect(text).toContain(warning);
      expect(text).toContain(
        `Register ${lab.register.store} stayed locked by another process for 60 s; nothing was written. Look for a suspended pulumi or macpool process, end it, and run again.`,
      );
      await holder.kill();
      expect(await lab.register.leases()).toEqual([]);
      await rack.upAfter({});
    }),
  );

  scenario.realOnly(
    "Ctrl-C, pressed twice as Pulumi says, ends an up that waits for a locked register at once, with nothing half-done",
    "it has no terminal",
    locked(async ({ rack, holder, warning }, lab) => {
      const terminal = new EventEmitter();
      let pressed = 0;
      const press = () => {
        pressed = performance.now();
        terminal.emit("Ctrl-C");
      };
      const onText = whenHeard([warning, "press ^C again"], press);
      // With all its patience: it must be Ctrl-C that ends the wait.
      const text = await rack.stack.failing("up", { terminal, onText });
      expect(performance.now() - pressed, text).toBeLessThan(10_000);
      expect(text).toContain("^C received; terminating");
      await holder.resume();
      // Whoever were left behind would have the lock by now.
      await new Promise((next) => setTimeout(next, 1_000));
      expect(await lab.register.leases()).toEqual([]);
      await rack.upAfter({});
    }),
  );
});
