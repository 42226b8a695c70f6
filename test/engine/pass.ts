import { limiter } from "./limiter";
import type { Providers } from "./provider";
import type { Snapshot } from "./state";
import { isDefaultProvider, nameOf, type StackName } from "./urn";

/** What was done, or in a preview would be done, with a resource. */
export interface Operation {
  readonly op: "create" | "update" | "replace" | "delete" | "same" | "read";
  readonly urn: string;
}

/** A message of the program, of a provider process or of the engine. */
export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  readonly urn?: string;
}

/** Where an `up` or `destroy` is to be cut off. Previews do not crash. */
export interface CrashPoint {
  /**
   * `engine`: the provider answers, the engine dies before it saves that. `provider`: the provider process dies
   * after its work and before its answer.
   */
  readonly victim: "engine" | "provider";
  readonly method: "create" | "update" | "delete";
  /** The logical name of the resource. */
  readonly name: string;
}

/** How the engine double reports that it was killed by a {@link CrashPoint}. */
export class EngineKilled extends Error {}

/** What a pass is made from. */
export interface PassOptions {
  readonly where: StackName;
  readonly dryRun: boolean;
  readonly snapshot: Snapshot;
  readonly providers: Providers;
  readonly parallel: number;
  readonly targetReplace: readonly string[];
  readonly crash: CrashPoint | undefined;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
  /** Called after each step: the moment to save. */
  readonly onStep: () => void;
}

/** One pass over a stack: a preview, or the real thing. */
export class Pass {
  readonly where: StackName;
  readonly dryRun: boolean;
  readonly snapshot: Snapshot;
  readonly providers: Providers;
  readonly targetReplace: ReadonlySet<string>;
  readonly operations: Operation[] = [];
  /** The URNs registered so far. */
  readonly seen = new Set<string>();
  /** New URN to the old one it was found under. */
  readonly foundUnder = new Map<string, string>();
  /** The first failure; nothing new starts after it. */
  failure: Error | undefined;
  /** Resolves with the first failure, if there is one. */
  readonly failed: Promise<Error>;
  readonly #options: PassOptions;
  #announce: (error: Error) => void = () => {};
  readonly #worker;
  readonly #underway = new Set<Promise<unknown>>();

  constructor(options: PassOptions) {
    this.where = options.where;
    this.dryRun = options.dryRun;
    this.snapshot = options.snapshot;
    this.providers = options.providers;
    this.targetReplace = new Set(options.targetReplace);
    this.#options = options;
    this.#worker = limiter(options.parallel);
    this.failed = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  /** Notes what was done. Default providers are left out, as the CLI leaves them out of its display. */
  note(op: Operation["op"], urn: string): void {
    if (!isDefaultProvider(urn)) this.operations.push({ op, urn });
  }

  /** Runs a step when a worker is free and nothing has failed; a failing step fails the pass. */
  run<T>(urn: string, step: () => Promise<T>): Promise<T> {
    const running = this.#worker(() => this.attempt(urn, step));
    this.#underway.add(running);
    const done = () => this.#underway.delete(running);
    running.then(done, done);
    return running.finally(() => this.#options.onStep());
  }

  /** Runs something that fails the pass when it fails. */
  async attempt<T>(urn: string, action: () => Promise<T>): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    try {
      return await action();
    } catch (error) {
      throw this.fail(error instanceof Error ? error : new Error(String(error)), urn);
    }
  }

  /** Records a failure; the first one stands for the pass. */
  fail(error: Error, urn?: string): Error {
    if (error === this.failure) return error;
    this.failure ??= error;
    this.#announce(error);
    const message = error.message;
    this.#options.onDiagnostic(
      urn === undefined ? { severity: "error", message } : { severity: "error", message, urn },
    );
    return error;
  }

  /** Resolves when the steps that were underway have ended, well or badly. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.allSettled(this.#underway);
  }

  /** Dies here when the crash point says so: the provider has done its work, nothing is saved from now on. */
  survive(method: CrashPoint["method"], urn: string): void {
    const crash = this.#options.crash;
    if (this.dryRun || crash?.victim !== "engine" || crash.method !== method || crash.name !== nameOf(urn)) return;
    this.snapshot.freeze();
    throw new EngineKilled(`the engine was killed after ${method} of ${crash.name}`);
  }
}
