import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Config } from "../../engine/stack";
import type { Properties } from "../../host/harness";
import type { Deployer, Engine, Outcome, RunOptions, State, StateResource, Victim } from "./engine";
import type { Register } from "./register";

/** A stack to be; what is left out is that of an ordinary project. */
export interface StackPlan {
  /** The program, in TypeScript unless `files` names another entry. */
  readonly program: string;
  /** Default: `index.ts`. */
  readonly entry?: string;
  /** Files of the project besides the program, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: `network`. */
  readonly project?: string;
  /** Default: `dev`. */
  readonly stack?: string;
  /** Default: the lab's register as `macpool:store`. */
  readonly config?: Config;
  readonly env?: NodeJS.ProcessEnv;
  /** Leaves the lab's register missing also where deployments do not make it. */
  readonly isRegisterMissing?: boolean;
  /** Where the project is. Default: a directory below the fixture, where the package is installed. */
  readonly directory?: string;
}

/** A project directory away from the fixture. */
export interface BareProject {
  readonly directory: string;
  link(name: string): void;
  unlink(name: string): void;
}

/** Makes a register of the kind that a run is about; `path` is where it is, if that is a file. */
export type RegisterMaker = (path: string) => Register;

/** Looking at a program's types takes as long as all the rest of a deployment, so only one scenario does it. */
const UNTYPED = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };

/** The environment in which a program's types are looked at, as they are unless told otherwise. */
export const TYPED = { PULUMI_NODEJS_TRANSPILE_ONLY: "false" };

const tsconfig = JSON.stringify({
  compilerOptions: {
    target: "ES2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    rootDir: ".",
    strict: true,
    skipLibCheck: true,
  },
});

/** What one scenario works with: directories of its own, that go away with it. */
export class Lab {
  /** The register that stacks use unless told otherwise; it does not exist before the first stack. */
  register: Register;
  readonly #engine: Engine;
  readonly #registers: RegisterMaker;
  readonly #fixture: string;
  readonly #directory: string;
  #count = 0;

  constructor(engine: Engine, registers: RegisterMaker, fixture: string, directory: string) {
    this.#engine = engine;
    this.#registers = registers;
    this.#fixture = fixture;
    this.#directory = directory;
    this.register = this.newRegister("register");
  }

  /** Returns a path of this scenario. */
  path(name: string): string {
    return join(this.#directory, name);
  }

  /** The home of the user who deploys, and where the user's data are. */
  get home(): string {
    return this.path("home");
  }

  /** Returns another register, which does not exist yet. */
  newRegister(name: string): Register {
    return this.#registers(this.path(`${name}.db`));
  }

  /** Has stacks use another register from now on. */
  useRegister(register: Register): void {
    this.register = register;
  }

  /** Writes a project and makes a stack of it, with no state and in a backend of its own. */
  async stack(plan: StackPlan): Promise<Stack> {
    this.#count += 1;
    if (plan.isRegisterMissing !== true) await this.register.prepare();
    const { entry = "index.ts", project = "network", stack = "dev" } = plan;
    const projectDir = plan.directory ?? this.path(`project-${this.#count}`);
    const backendDir = this.path(`backend-${this.#count}`);
    mkdirSync(backendDir, { recursive: true });
    const settings = { name: project, runtime: "nodejs", main: entry };
    write(projectDir, { "Pulumi.yaml": JSON.stringify(settings), "tsconfig.json": tsconfig, ...plan.files });
    write(projectDir, { [entry]: plan.program });
    const config = plan.config ?? { "macpool:store": this.register.store };
    const env = { ...this.#environment(), ...plan.env };
    const options = { projectDir, entry, project, stack, config, env, backendDir };
    return new Stack(await this.#engine.open(options), projectDir, entry);
  }

  /** Returns a project directory from which no package can be found but those that it links. */
  bareProject(): BareProject {
    const directory = mkdtempSync(join(dirname(this.#fixture), "bare-"));
    const modules = join(directory, "node_modules");
    mkdirSync(modules);
    return {
      directory,
      link: (name) => symlinkSync(join(this.#fixture, "node_modules", name), join(modules, name), "junction"),
      unlink: (name) => rmSync(join(modules, name), { recursive: true }),
    };
  }

  /** Hides the user's own settings and registers, and that the tests may run in CI. */
  #environment(): NodeJS.ProcessEnv {
    const home = this.home;
    const data = { HOME: home, XDG_DATA_HOME: home, LOCALAPPDATA: home };
    const passwords = { MACPOOL_STORE_PASSWORD: "", PGPASSWORD: undefined, PGPASSFILE: "/nowhere" };
    return { CI: "", MACPOOL_STORE: "", ...passwords, ...UNTYPED, ...data };
  }
}

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** A stack and its program; operations that end badly throw, unless they are expected to. */
export class Stack {
  readonly directory: string;
  readonly #deployer: Deployer;
  readonly #entry: string;

  constructor(deployer: Deployer, directory: string, entry: string) {
    this.#deployer = deployer;
    this.directory = directory;
    this.#entry = entry;
  }

  /** Puts another program in the place of the present one. */
  program(text: string): void {
    write(this.directory, { [this.#entry]: text });
  }

  preview(options?: RunOptions): Promise<Outcome> {
    return wellEnded(this.#deployer.preview(options));
  }

  up(options?: RunOptions): Promise<Outcome> {
    return wellEnded(this.#deployer.up(options));
  }

  refresh(options?: RunOptions): Promise<Outcome> {
    return wellEnded(this.#deployer.refresh(options));
  }

  destroy(options?: RunOptions): Promise<Outcome> {
    return wellEnded(this.#deployer.destroy(options));
  }

  /** Returns what an operation that must fail printed. */
  async failing(operation: "preview" | "up" | "refresh" | "destroy", options?: RunOptions): Promise<string> {
    const { ok, text } = await this.#deployer[operation](options);
    expect(ok, `${operation} should have failed, but printed: ${text}`).toBe(false);
    return text;
  }

  /** See {@link Deployer.upKilled}. */
  upKilled(nic: string, victim: Victim = "all", options?: RunOptions): Promise<void> {
    return this.#deployer.upKilled(nic, victim, options);
  }

  state(): Promise<State> {
    return this.#deployer.state();
  }

  /** Returns what the state holds. */
  async resources(): Promise<readonly StateResource[]> {
    return (await this.state()).deployment.resources ?? [];
  }

  /** Has the state of another stack of the same project, as if it were its own. */
  async takeStateOf(other: Stack): Promise<void> {
    const [to, from] = [await this.state(), await other.state()].map(stackOf);
    const text = JSON.stringify(await other.state())
      .replaceAll(`urn:pulumi:${from}::`, `urn:pulumi:${to}::`)
      .replaceAll(`-${from}"`, `-${to}"`);
    await this.#deployer.restore(JSON.parse(text));
  }

  rename(stack: string): Promise<void> {
    return this.#deployer.rename(stack);
  }

  /** Has the stack this configuration from now on, and no other. */
  configure(config: Config): Promise<void> {
    return this.#deployer.configure(config);
  }

  /** Returns the resource of this logical name from the state. */
  async resource(name: string): Promise<StateResource> {
    const found = (await this.resources()).find(
      ({ urn, delete: isCondemned }) => urn.endsWith(`::${name}`) && isCondemned !== true,
    );
    if (found === undefined) throw new Error(`the state has no resource "${name}"`);
    return found;
  }

  /** Returns the outputs of the resource of this logical name, from the state. */
  async outputs(name: string): Promise<Properties> {
    return (await this.resource(name)).outputs ?? {};
  }
}

function stackOf({ deployment }: State): string {
  const [, , stack = ""] = deployment.resources?.[0]?.urn.split(":") ?? [];
  return stack;
}

async function wellEnded(operation: Promise<Outcome>): Promise<Outcome> {
  const outcome = await operation;
  expect(outcome.ok, outcome.text).toBe(true);
  return outcome;
}
