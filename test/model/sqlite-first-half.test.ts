import { it } from "vitest";
import { depth } from "../depth";
import { LIMIT, modelRuns } from "./model-runs";
import { sqliteMachines } from "./sqlite-machine";

it(
  "a register in a file does what a plain model does, through crashes, old copies and all: first half",
  LIMIT,
  async () => {
    await modelRuns("model, SQLite, first half", 1 / 2, sqliteMachines(), depth(false, true));
  },
);
