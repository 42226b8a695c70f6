import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegister, systemContext } from "../provider/store/open";
import type { Bench } from "./bench";
import type { Span, Worked } from "./process-child";
import { type Figure, medianFigure } from "./report";

const CHILD = join(__dirname, "process-child.js");

/** Returns what becomes of rate, waits and fairness when several processes allocate without a pause. */
export const processes: Bench = async ({ isShort }) => {
  const seconds = isShort ? 2 : 4;
  const rounds = isShort ? 5 : 7;
  const runs: Readonly<Record<"alone" | "unfair" | "four", Worked[]>>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    runs.push({
      alone: await saturate(1, seconds),
      unfair: await saturate(4, seconds, "unfair"),
      four: await saturate(4, seconds),
    });
  }
  const eight = await saturate(8, seconds);
  const total = (all: readonly Worked[]) => all.reduce((sum, { allocations }) => sum + allocations, 0);
  const counts = (all: readonly Worked[]) => all.map(({ allocations }) => allocations);
  const rate = (all: readonly Worked[]) => `${(total(all) / seconds).toFixed(0)}/s`;
  const last = runs.at(-1);
  const against = (others: "alone" | "unfair") =>
    last === undefined ? "" : `${rate(last.four)} against ${rate(last[others])}`;
  const share = (four: readonly Worked[]) => Math.min(...counts(four)) / Math.max(...counts(four));
  const longest = (four: readonly Worked[]) => Math.max(...four.map(({ longestWait }) => longestWait));
  return [
    medianFigure(
      {
        id: "S5",
        name: "rate of 4 saturating processes / 4 unfair ones",
        bound: "at least",
        target: 0.5,
        moonshot: 0.8,
      },
      runs.map(({ unfair, four }) => total(four) / total(unfair)),
      against("unfair"),
    ),
    medianFigure(
      { id: "S5", name: "rate of 4 saturating processes / one alone", bound: "at least" },
      runs.map(({ alone, four }) => total(four) / total(alone)),
      against("alone"),
    ),
    medianFigure(
      { id: "S5", name: "longest wait of 4 processes, milliseconds", bound: "at most", target: 150, moonshot: 50 },
      runs.map(({ four }) => longest(four)),
      "for one allocation",
    ),
    medianFigure(
      {
        id: "S5",
        name: "fairness of 4 processes: least / most allocations",
        bound: "at least",
        target: 0.5,
        moonshot: 0.8,
      },
      runs.map(({ four }) => share(four)),
      `last: ${counts(last?.four ?? []).join(", ")}`,
    ),
    errorFigure(eight, longest(eight)),
  ];
};

function errorFigure(eight: readonly Worked[], longest: number): Figure {
  return {
    id: "S6",
    name: "errors of 8 processes",
    bound: "at most",
    target: 0,
    moonshot: 0,
    value: eight.reduce((sum, { errors }) => sum + errors, 0),
    detail: `longest wait ${longest.toFixed(0)} ms`,
  };
}

/** Unfair ones keep the lock for as long as they get it: the most that so many can do together. */
async function saturate(count: number, seconds: number, manners?: "unfair"): Promise<Worked[]> {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const path = join(directory, "register.db");
  await createRegister(path, systemContext(console.error));
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [CHILD, path, manners ?? "fair"], { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
  await Promise.all(children.map(message));
  const start = Date.now() + 100;
  for (const child of children) child.send({ start, end: start + 1000 * seconds } satisfies Span);
  const worked = await Promise.all(children.map(message));
  rmSync(directory, { recursive: true, force: true });
  // Only a child that is done with its work sends an object.
  return worked.filter((value): value is Worked => typeof value === "object");
}

/** Returns what the child says next. */
async function message(child: ChildProcess): Promise<unknown> {
  const early = once(child, "exit").then(() => Promise.reject(new Error("A process of the bench ended early.")));
  const [value]: unknown[] = await Promise.race([once(child, "message"), early]);
  return value;
}
