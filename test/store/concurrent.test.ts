import { depth } from "../depth";
import { serialRuns } from "./concurrent";
import { openSqliteTogether } from "./support";

serialRuns("SQLite", openSqliteTogether, depth(10, 1000));
