import { depth } from "../depth";
import { differentialRuns, invariantRuns } from "./differential";
import { openMemory, openSqlite } from "./support";

invariantRuns("memory", openMemory, depth(250, 10_000), "strict", "relaxed");
differentialRuns("SQLite", openSqlite, depth(30, 1000), "strict", "relaxed");
