import type { EventEmitter } from "node:events";
import type { Config } from "../../engine/stack";
import type { Properties } from "../../host/harness";

/** What deploys Pulumi programs: the real CLI, or the engine double. */
export interface Engine {
  readonly name: string;
  readonly isReal: boolean;
  /** Makes a stack that has no state yet, in a backend of its own. */
  open(options: StackOptions): Promise<Deployer>;
}

/** Which program to deploy as which stack. */
export interface StackOptions {
  readonly projectDir: string;
  /** The file to run, relative to the project. */
  readonly entry: string;
  readonly project: string;
  readonly stack: string;
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** Where the backend may keep its files; they live as long as the stack. */
  readonly backendDir: string;
}

/** What may differ from one operation to the next. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Runs a preview first, as `pulumi up` does unless told otherwise. Default: false, to save time. */
  readonly previewFirst?: boolean;
  /** URN to replace whatever its diff says, as `--target-replace` does. */
  readonly targetReplace?: string;
  /** URNs to replace whatever their diffs say, in an operation on the whole stack, as `--replace` does. */
  readonly replace?: readonly string[];
  /** Refreshes first, as `up --refresh` does. */
  readonly refreshFirst?: boolean;
  /** Runs the program to refresh, as `refresh --run-program` does; the real engine only. */
  readonly runProgram?: boolean;
  /** Where a preview writes its plan; the real engine only. */
  readonly savePlan?: string;
  /** The plan that an update must keep to; the real engine only. */
  readonly plan?: string;
  /** Hears what is printed, bit by bit, while the operation goes on. */
  readonly onText?: (text: string) => void;
  /** Emits `Ctrl-C` when that is pressed; the real engine only. */
  readonly terminal?: EventEmitter;
}

/** Who is killed in the middle of an `up`: all that takes part in it, or the engine alone. */
export type Victim = "all" | "engine";

/** What an operation did. */
export interface Outcome {
  readonly ok: boolean;
  /** What was changed, or in a preview would be: `create web`, sorted; what stayed the same is left out. */
  readonly changes: readonly string[];
  /** The stack's outputs, as far as they are known. */
  readonly outputs: Properties;
  /** Everything that was printed. */
  readonly text: string;
}

/** One resource of a state, as `pulumi stack export` shows it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly delete?: boolean;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** A stack's state. */
export interface State {
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly unknown[];
  };
}

/** The operations of one stack; they resolve also when they fail. */
export interface Deployer {
  preview(options?: RunOptions): Promise<Outcome>;
  up(options?: RunOptions): Promise<Outcome>;
  refresh(options?: RunOptions): Promise<Outcome>;
  destroy(options?: RunOptions): Promise<Outcome>;
  /**
   * Runs `up` and kills it when the register has granted the address of `nic` and nobody knows of it yet. Where only the
   * engine is killed, the provider process goes on with whatever it was told to do, and ends before this resolves.
   */
  upKilled(nic: string, victim: Victim, options?: RunOptions): Promise<void>;
  state(): Promise<State>;
  /** `pulumi stack import`. */
  restore(state: State): Promise<void>;
  /** `pulumi stack rename`. */
  rename(stack: string): Promise<void>;
  /** Has the stack this configuration from now on, and no other. */
  configure(config: Config): Promise<void>;
}
