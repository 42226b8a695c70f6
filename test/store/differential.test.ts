import { depth } from "../depth";
import { differentialRuns, invariantRuns } from "./differential";
import { openMemory, openSqlite } from "./support";

const RUNS = depth(40, 1000);

invariantRuns("memory", openMemory, RUNS * 10, "strict", "relaxed");
differentialRuns("SQLite", openSqlite, RUNS, "strict", "relaxed");
