import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { depth } from "../../depth";
import { createFile, openFile, temporaryDirectory } from "../../store/support";
import { oneOf, type Random, randomFrom } from "../disk/random";
import { checkHistory } from "../history/check";
import { contentOf } from "../history/content";
import { entriesOf } from "../history/entries";
import { readHistory } from "../history/history";
import { POOLS } from "../history/workload";
import { expectEveryRule, LANES, startWriters, unresolved, type Writer } from "./writers";

const WORKERS = depth(4, 8);
const FAULTS = depth(30, 500);
const DEATH = 0.6;
const LIMIT = { timeout: depth(120_000, 1_800_000) };

/**
 * Kills, suspends and misleads the writers, one after the other and at random; returns how many were killed. The first
 * dies between a commit and telling of it, which the others need not happen to.
 */
async function trouble(writers: readonly [Writer, ...Writer[]], random: Random): Promise<number> {
  let kills = 0;
  for (let fault = 0; fault < FAULTS; fault += 1) {
    await wait(40 + random() * 160);
    const writer = oneOf(writers, random);
    const what = fault === 0 ? DEATH : random();
    if (what <= DEATH) {
      if (what < 0.45) await writer.worker.kill();
      else writer.worker.tell({ do: "die" });
      await writer.worker.gone();
      await writer.start();
      kills += 1;
    } else if (what < 0.8) {
      writer.worker.suspend();
      await wait(random() * 300);
      writer.worker.resume();
    } else {
      // Forward on the whole, so that quarantines end, and back every now and then.
      const offset = Math.round(fault * 1000 + (random() - 0.5) * 20_000);
      expect(await writer.worker.ask({ do: "clock", offset })).toEqual({});
    }
  }
  return kills;
}

describe("processes that write while they are killed, suspended and misled about the time", () => {
  it("lose nothing, give no address twice, skip none, and keep to every quarantine", LIMIT, async () => {
    const seed = Number(process.env["MACPOOL_SEED"] ?? Date.now() % 1_000_000);
    const path = createFile({ pools: POOLS });
    const directory = temporaryDirectory();
    const writers = await startWriters(path, WORKERS, directory);
    const kills = await trouble(writers, randomFrom(seed));
    await Promise.all(writers.map((one) => one.end()));
    const lines = readHistory(writers.flatMap(({ logs }) => logs));
    const { store } = await openFile(path);
    const content = await contentOf(store);
    const { violations, counts } = checkHistory(lines, content);
    console.info(`history: MACPOOL_SEED=${seed} ${JSON.stringify({ processes: WORKERS, kills, ...counts })}`);
    expect(violations.slice(0, 20), `seed ${seed}`).toEqual([]);
    const codes = lines.flatMap((line) => (line.type === "fail" || line.type === "info" ? [line.code] : []));
    expect([...new Set(codes)], `seed ${seed}: nothing else was refused`).toEqual(["POOL_EXHAUSTED"]);
    expect(counts.committedUnknown, "I10: some had been committed").toBeGreaterThan(0);
    expect(counts.unknown, "I10: only what was under way when a process was killed").toBeLessThanOrEqual(kills * LANES);
    expect(unresolved(entriesOf(lines)), "I10: a retry resolves each").toEqual([]);
    expectEveryRule(content);
  });
});
