import { describe, expect, it } from "vitest";
import { checkHistory, type Verdict } from "./check";
import type { Content } from "./content";
import { BEGINNING, FIRST, Scenario } from "./scenario";

const OWNER = { installation: "one", pool: "tiny", rotation: "" };
const HOUR = 3_600_000;

function verdict(scenario: Scenario, change: Partial<Content> = {}): Verdict {
  return checkHistory(scenario.lines, scenario.content(change));
}

/** Returns the promises that the history breaks, each once. */
function broken(scenario: Scenario, change: Partial<Content> = {}): readonly string[] {
  return [...new Set(verdict(scenario, change).violations.map(({ promise }) => promise))];
}

describe("a history without fault", () => {
  it("is found to be so: grants, retries, replacements, releases, reuse after quarantine, exhaustion", () => {
    const scenario = new Scenario();
    const first = scenario.acquire("web", "sequence", FIRST);
    const again = scenario.acquire("web", "keep", FIRST);
    const stale = scenario.invoke({ do: "release", address: FIRST, token: first.token });
    scenario.end(stale, null);
    scenario.acquire("web", "sequence", FIRST + 1, "changed");
    scenario.release(again);
    scenario.acquire("web", "reclaim", FIRST);
    const others = [2, 3, 4].map((index) => scenario.acquire(`db-${index}`, "sequence", FIRST + index));
    scenario.fail(scenario.invoke({ do: "acquire", ...OWNER, owner: "late" }), "POOL_EXHAUSTED");
    for (const written of others) scenario.release(written);
    scenario.now += HOUR;
    scenario.acquire("late", "reuse", FIRST + 2);
    expect(verdict(scenario)).toEqual({
      violations: [],
      counts: { acknowledged: 13, refused: 1, unknown: 0, committedUnknown: 0 },
    });
  });

  it("may hold what nobody was told of, and what was asked for and never happened", () => {
    const scenario = new Scenario();
    scenario.invoke({ do: "acquire", ...OWNER, owner: "killed before" });
    scenario.invoke({ do: "acquire", ...OWNER, owner: "killed after" });
    scenario.grant("killed after", "sequence", FIRST);
    scenario.acquire("killed after", "keep", FIRST);
    const { violations, counts } = verdict(scenario);
    expect(violations).toEqual([]);
    expect(counts).toMatchObject({ unknown: 2, committedUnknown: 1 });
  });

  it("may hold what only one of two killed processes can have done: the one that had the current token", () => {
    const scenario = new Scenario();
    const stale = scenario.acquire("web", "sequence", FIRST);
    const { address, token } = scenario.acquire("web", "keep", FIRST);
    scenario.invoke({ do: "release", address, token }, "killed");
    scenario.invoke({ do: "release", address, token: stale.token }, "killed too");
    scenario.free(address);
    const { violations, counts } = verdict(scenario);
    expect(violations).toEqual([]);
    expect(counts).toMatchObject({ unknown: 2, committedUnknown: 1 });
  });

  it("may answer two who ask at once in either order", () => {
    const scenario = new Scenario();
    const one = scenario.invoke({ do: "acquire", ...OWNER, owner: "one" }, "a");
    const other = scenario.invoke({ do: "acquire", ...OWNER, owner: "other" }, "b");
    const granted = scenario.grant("other", "sequence", FIRST);
    scenario.end(one, scenario.grant("one", "sequence", FIRST + 1), "a");
    scenario.end(other, granted, "b");
    expect(broken(scenario)).toEqual([]);
  });
});

describe("a history is found to break its promises when", () => {
  it("an acknowledged lease is lost with its event", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.events.pop();
    scenario.leases = [];
    expect(broken(scenario)).toEqual(["lost"]);
  });

  it("an acknowledged lease is lost and its number was given to another", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.events.pop();
    scenario.leases = [];
    scenario.acquire("db", "sequence", FIRST);
    expect(broken(scenario)).toContain("lost");
  });

  it("an acknowledged lease is lost though its event is there", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.leases = [];
    expect(broken(scenario)).toContain("lost");
  });

  it("an address is live for two owners", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.acquire("db", "derive", FIRST);
    expect(broken(scenario)).toEqual(["duplicate"]);
  });

  it("one event is acknowledged to two", () => {
    const scenario = new Scenario();
    const written = scenario.acquire("web", "sequence", FIRST);
    scenario.end(scenario.invoke({ do: "acquire", ...OWNER, owner: "web" }, "b"), written, "b");
    expect(broken(scenario)).toContain("duplicate");
  });

  it("a declaration gets a second address while it holds one", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.acquire("web", "sequence", FIRST + 1);
    expect(broken(scenario)).toEqual(["moved"]);
  });

  it("a declaration that comes back gets another address than it had", () => {
    const scenario = new Scenario();
    scenario.release(scenario.acquire("web", "sequence", FIRST));
    scenario.acquire("web", "sequence", FIRST + 1);
    expect(broken(scenario)).toEqual(["moved"]);
  });

  it("a released address goes to another owner inside its quarantine", () => {
    const scenario = new Scenario();
    scenario.release(scenario.acquire("web", "sequence", FIRST));
    for (const index of [1, 2, 3, 4]) scenario.acquire(`db-${index}`, "sequence", FIRST + index);
    scenario.now += HOUR - 1;
    scenario.acquire("late", "reuse", FIRST);
    expect(broken(scenario)).toEqual(["quarantine"]);
  });

  it("a released address goes to another owner before one that was released earlier", () => {
    const scenario = new Scenario();
    const [one, other] = [0, 1, 2, 3, 4].map((index) => scenario.acquire(`db-${index}`, "sequence", FIRST + index));
    if (one === undefined || other === undefined) throw new Error("too few");
    scenario.release(one);
    scenario.release(other);
    scenario.now += HOUR;
    scenario.acquire("late", "reuse", other.address);
    expect(broken(scenario)).toEqual(["quarantine"]);
  });

  it("a release that was acknowledged is undone", () => {
    const scenario = new Scenario();
    const written = scenario.acquire("web", "sequence", FIRST);
    const before = scenario.leases;
    scenario.release(written);
    scenario.leases = before;
    expect(broken(scenario)).toContain("resurrected");
    scenario.events.pop();
    expect(broken(scenario)).toContain("resurrected");
  });

  it("a release acts with a token that is not current", () => {
    const scenario = new Scenario();
    const stale = scenario.acquire("web", "sequence", FIRST);
    scenario.acquire("web", "keep", FIRST);
    scenario.release(stale);
    expect(broken(scenario)).toEqual(["token"]);
  });

  it("a release with the current token does nothing", () => {
    const scenario = new Scenario();
    const { address, token } = scenario.acquire("web", "sequence", FIRST);
    scenario.end(scenario.invoke({ do: "release", address, token }), null);
    expect(broken(scenario)).toEqual(["token"]);
  });

  it("a lease shows another token than the one that was told last", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.leases = scenario.leases.map((lease) => ({ ...lease, token: "another" }));
    expect(broken(scenario)).toEqual(["content"]);
  });

  it("an address of the sequence is skipped", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.acquire("db", "sequence", FIRST + 2);
    expect(broken(scenario)).toEqual(["leak"]);
  });

  it("a pool says that it is used up and is not", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.fail(scenario.invoke({ do: "acquire", ...OWNER, owner: "late" }), "POOL_EXHAUSTED");
    expect(broken(scenario)).toEqual(["leak"]);
  });

  it("the counts of a pool do not add up, or are not those of its leases", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    const { pools } = scenario.content();
    const counted = (change: object) => pools.map((pool) => ({ ...pool, usage: { ...pool.usage, ...change } }));
    expect(broken(scenario, { pools: counted({ neverIssued: 3 }) })).toEqual(["leak"]);
    expect(broken(scenario, { pools: counted({ live: 2, neverIssued: 3 }) })).toEqual(["leak"]);
  });

  it("the register has what nobody asked for", () => {
    const scenario = new Scenario();
    scenario.grant("nobody", "sequence", FIRST);
    expect(broken(scenario)).toContain("phantom");
  });

  it("what certainly wrote nothing did write", () => {
    const scenario = new Scenario();
    const op = scenario.invoke({ do: "acquire", ...OWNER, owner: "web" });
    scenario.grant("web", "sequence", FIRST);
    scenario.fail(op, "REGISTER_BUSY");
    expect(broken(scenario)).toContain("phantom");
  });

  it("what nobody was told of happened twice", () => {
    const scenario = new Scenario();
    scenario.invoke({ do: "acquire", ...OWNER, owner: "killed" });
    scenario.grant("killed", "sequence", FIRST);
    scenario.grant("killed", "keep", FIRST);
    expect(broken(scenario)).toContain("phantom");
  });

  it("a lease has no history", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    scenario.lines = [];
    scenario.events.pop();
    expect(broken(scenario)).toEqual(["phantom"]);
  });

  it("who asked after an acknowledgement gets a lower number", () => {
    const scenario = new Scenario();
    const early = scenario.grant("early", "sequence", FIRST);
    scenario.acquire("web", "sequence", FIRST + 1);
    scenario.end(scenario.invoke({ do: "acquire", ...OWNER, owner: "early" }, "b"), early, "b");
    expect(broken(scenario)).toEqual(["order"]);
  });

  it("numbers have a hole, time goes back, or the counter is not the newest event", () => {
    const scenario = new Scenario();
    scenario.acquire("web", "sequence", FIRST);
    expect(broken(scenario, { seq: 1 })).toEqual(["order"]);
    scenario.now = BEGINNING - 1;
    scenario.acquire("db", "sequence", FIRST + 1);
    expect(broken(scenario)).toEqual(["order"]);
    scenario.now = BEGINNING;
    scenario.events = scenario.events.filter(({ seq }) => seq !== 2);
    expect(broken(scenario)).toContain("order");
  });

  it("the register itself finds a fault", () => {
    expect(broken(new Scenario(), { faults: ["The file is damaged."] })).toEqual(["content"]);
  });
});
