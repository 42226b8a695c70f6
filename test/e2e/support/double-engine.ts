import { join } from "node:path";
import { type Config, type Diagnostic, openStack, type Result, type Stack } from "../../engine/stack";
import type { Deployer, Engine, Outcome, RunOptions, StackOptions, State, Victim } from "./engine";
import { changesOf } from "./events";

/** The engine double of test/engine. */
export const doubleEngine: Engine = {
  name: "the engine double",
  isReal: false,
  open: async (options) => new DoubleStack(options),
};

class DoubleStack implements Deployer {
  #options: StackOptions;
  #stackName: string;
  #stack: Stack;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#stackName = options.stack;
    this.#stack = this.#open();
  }

  async preview(run: RunOptions = {}): Promise<Outcome> {
    return outcomeOf(await this.#stack.preview(this.#passOf(run)));
  }

  async up(run: RunOptions = {}): Promise<Outcome> {
    if (run.refreshFirst === true) {
      const refreshed = await this.refresh(run);
      if (!refreshed.ok) return refreshed;
    }
    const targetReplace = [...(run.replace ?? []), ...(run.targetReplace === undefined ? [] : [run.targetReplace])];
    return outcomeOf(await this.#stack.up({ ...this.#passOf(run), targetReplace }));
  }

  async refresh(run: RunOptions = {}): Promise<Outcome> {
    if (run.runProgram === true) throw new Error("the engine double does not run programs to refresh");
    return outcomeOf(await this.#stack.refresh(this.#passOf(run)));
  }

  async destroy(run: RunOptions = {}): Promise<Outcome> {
    return outcomeOf(await this.#stack.destroy(this.#passOf(run)));
  }

  async upKilled(nic: string, victim: Victim, run: RunOptions = {}): Promise<void> {
    if (victim !== "all") throw new Error("the engine double takes its provider processes along when it dies");
    const crash = { victim: "engine", method: "create", name: nic } as const;
    const { error } = await this.#stack.up({ ...this.#passOf(run), skipPreview: true, crash });
    if (!error?.includes("killed")) throw new Error(`the engine was not killed: ${error}`);
  }

  async state(): Promise<State> {
    return this.#stack.state();
  }

  async restore(state: State): Promise<void> {
    this.#stack.restore(JSON.parse(JSON.stringify(state)));
  }

  async rename(stack: string): Promise<void> {
    const { project } = this.#options;
    const text = JSON.stringify(this.#stack.state())
      .replaceAll(`urn:pulumi:${this.#stackName}::${project}::`, `urn:pulumi:${stack}::${project}::`)
      .replaceAll(`::pulumi:pulumi:Stack::${project}-${this.#stackName}`, `::pulumi:pulumi:Stack::${project}-${stack}`);
    this.#stackName = stack;
    this.#stack = this.#open();
    this.#stack.restore(JSON.parse(text));
  }

  async configure(config: Config): Promise<void> {
    this.#options = { ...this.#options, config };
    this.#stack = this.#open();
  }

  #passOf(run: RunOptions) {
    if (run.terminal !== undefined) throw new Error("the engine double has no terminal");
    const { onText } = run;
    return {
      env: { ...this.#options.env, ...run.env },
      skipPreview: run.previewFirst !== true,
      ...(onText === undefined ? {} : { onDiagnostic: ({ message }: Diagnostic) => onText(`${message}\n`) }),
    };
  }

  #open(): Stack {
    const { backendDir, ...program } = this.#options;
    const stack = this.#stackName;
    return openStack({ ...program, stack, stateFile: join(backendDir, `${stack}.json`) });
  }
}

function outcomeOf({ operations, outputs, diagnostics, error }: Result): Outcome {
  const text = [...diagnostics.map(({ message }) => message), error ?? ""].join("\n");
  return { ok: error === undefined, changes: changesOf(operations), outputs, text };
}
