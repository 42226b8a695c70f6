import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Properties, Value } from "../host/harness";

/** One resource that the fixture program declares; see `fixture/index.js` for how it reads this. */
export interface Declared {
  readonly kind?: "thing" | "group" | "provider" | "get";
  readonly name: string;
  /** `$name.output` stands for an output of an earlier resource, `{ "secret": "text" }` for a secret. */
  readonly inputs?: Properties;
  readonly id?: string;
  readonly parent?: string;
  readonly provider?: string;
  readonly dependsOn?: readonly string[];
  /** Options passed on as they are, such as `aliases`. */
  readonly options?: Properties;
}

/** What the fixture program does when it runs next. */
export interface Plan {
  readonly declare: readonly Declared[];
  readonly exports?: Properties;
  /** Throws this after the declarations. */
  readonly fail?: string;
}

/** A temporary Pulumi project with a tiny dynamic provider that keeps what it made in a file and logs each call. */
export interface Fixture {
  readonly dir: string;
  plan(plan: Plan): void;
  /** Returns the provider calls since the last time it was asked, `__provider` left out. */
  calls(): Call[];
  /** Returns what exists, by id. */
  things(): Record<string, Properties>;
  /** Makes a thing vanish behind Pulumi's back. */
  lose(id: string): void;
  /** Changes a thing behind Pulumi's back. */
  change(id: string, outputs: Properties): void;
  /** Returns the process id of the provider host that started last. */
  hostPid(): number;
  remove(): void;
}

/** One logged call of a provider method. */
type Call = Properties & { readonly method: string; readonly config: Properties; readonly args: Value[] };

const repository = resolve(__dirname, "..", "..");

/** Makes a fixture project in a new temporary directory. */
export function makeFixture(): Fixture {
  const dir = mkdtempSync(join(tmpdir(), "engine-fixture-"));
  cpSync(join(__dirname, "fixture"), dir, { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(dir, "node_modules"));
  const path = (name: string) => join(dir, name);
  const things = () => (existsSync(path("things.json")) ? JSON.parse(readFileSync(path("things.json"), "utf8")) : {});
  const save = (all: object) => writeFileSync(path("things.json"), JSON.stringify(all));
  appendFileSync(path("calls.log"), "");
  let read = 0;
  return {
    dir,
    plan: (plan) => writeFileSync(path("plan.json"), JSON.stringify(plan)),
    calls: () => {
      const lines = readFileSync(path("calls.log"), "utf8").split("\n").slice(0, -1);
      const fresh = lines.slice(read).map((line) => JSON.parse(line));
      read = lines.length;
      return fresh;
    },
    things,
    lose: (id) => {
      const { [id]: _lost, ...rest } = things();
      save(rest);
    },
    change: (id, outputs) => save({ ...things(), [id]: { ...things()[id], ...outputs } }),
    hostPid: () => Number(readFileSync(path("host.pid"), "utf8")),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
