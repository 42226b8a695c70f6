import { expect, it, onTestFinished } from "vitest";
import { systemContext } from "../../../provider/store/open";
import { createPostgresRegister, openPostgresStore } from "../../../provider/store/postgres/postgres-store";
import { depth } from "../../depth";
import { randomFrom } from "../../faults/disk/random";
import { checkHistory } from "../../faults/history/check";
import { contentOf } from "../../faults/history/content";
import { entriesOf } from "../../faults/history/entries";
import { readHistory } from "../../faults/history/history";
import { POOLS } from "../../faults/history/workload";
import { expectEveryRule, LANES, startWriters, unresolved } from "../../faults/processes/writers";
import { initial, temporaryDirectory, testContext } from "../../store/support";
import { Relay } from "../relay";
import { TestServer } from "../server";
import { describePostgres, serverPrograms } from "../support";
import { chaos } from "./nemesis";

const WRITERS = depth(4, 8);
const ROUNDS = depth(1, 40);
const LIMIT = { timeout: depth(180_000, 1_800_000) };

describePostgres("processes that write while clients die, connections break and the server restarts", () => {
  it("lose nothing, give no address twice, move none, skip none, and keep to every quarantine", LIMIT, async () => {
    const seed = Number(process.env["MACPOOL_SEED"] ?? Date.now() % 1_000_000);
    const server = await TestServer.start(serverPrograms());
    onTestFinished(() => server.stop());
    await createPostgresRegister(server.url(), initial({ pools: POOLS }), testContext());
    const { relay, url } = await Relay.before(server.url());
    const store = await openPostgresStore(
      url,
      systemContext(() => undefined),
    );
    onTestFinished(() => store.close());
    const writers = await startWriters(url, WRITERS, temporaryDirectory());
    const done = await chaos({ server, relay, writers, store, schema: "macpool" }, ROUNDS, randomFrom(seed));
    await Promise.all(writers.map((writer) => writer.end()));
    const lines = readHistory(writers.flatMap(({ logs }) => logs));
    const content = await contentOf(store);
    const { violations, counts } = checkHistory(lines, content, "rising");
    const { cuts, lostReplies } = relay;
    console.info(
      `chaos: MACPOOL_SEED=${seed} ${JSON.stringify({ processes: WRITERS, ...done, cuts, lostReplies, ...counts })}`,
    );
    expect(violations.slice(0, 20), `seed ${seed}`).toEqual([]);
    const codes = lines.flatMap((line) => (line.type === "fail" || line.type === "info" ? [line.code] : []));
    expect([...new Set(codes)], `seed ${seed}: nothing else was refused`).toEqual(["POOL_EXHAUSTED"]);
    const killed = (done["kills of a client"] ?? 0) + (done["deaths between commit and telling"] ?? 0);
    expect(counts.unknown, "I10: only what was under way when a client died").toBeLessThanOrEqual(killed * LANES);
    expect(unresolved(entriesOf(lines)), "I10: a retry resolves each").toEqual([]);
    expect(lostReplies, "commits whose reply was lost").toBeGreaterThan(0);
    // A short run on a busy machine may end before the small pool is used up.
    if (ROUNDS > 1) expectEveryRule(content);
  });
});
