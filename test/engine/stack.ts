import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostOptions, type Properties, startHost } from "../host/harness";
import { sdkScript } from "./child";
import { serveMonitor } from "./monitor";
import { type CrashPoint, type Diagnostic, EngineKilled, type Operation, Pass } from "./pass";
import { type Config, defaultParallel, type Program, runProgram } from "./process";
import { Providers } from "./provider";
import { type Deployment, emptyDeployment, type Resource, type SavedResource, Snapshot, seal, unseal } from "./state";
import { deleteLeft, refreshAll } from "./sweep";
import { nameOf, STACK_TYPE } from "./urn";
import { forProvider, secret } from "./values";

export type { CrashPoint, Diagnostic, Operation } from "./pass";
export type { Config, Program } from "./process";
export type { Deployment, SavedResource } from "./state";

/** A stack of the engine double. */
export interface StackOptions extends Program {
  /** Where the state is kept between processes. It is read when the file exists and written after every step. */
  readonly stateFile?: string;
  /** What secrets in the state are encrypted with. */
  readonly passphrase?: string;
}

/** What may differ from one operation to the next. */
export interface RunOptions extends Partial<Pick<Program, "entry" | "config" | "env" | "parallel" | "nodeArgs">> {
  /** Goes straight to the real pass, like `--skip-preview`. */
  readonly skipPreview?: boolean;
  /** URNs to replace whatever their diff says, like `--target-replace`. */
  readonly targetReplace?: readonly string[];
  readonly crash?: CrashPoint;
  /** Hears every message at once; {@link Result.diagnostics} has them all at the end. */
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void;
}

/** What an operation did. */
export interface Result {
  /** In the order in which the steps ended; a failed step is not among them. */
  readonly operations: readonly Operation[];
  /** The stack's outputs, secrets in clear. */
  readonly outputs: Properties;
  readonly diagnostics: readonly Diagnostic[];
  /** The first failure; undefined when all went well. */
  readonly error: string | undefined;
}

/** The operations of a stack. They resolve also when they fail: see {@link Result.error}. One at a time, please. */
export interface Stack {
  preview(run?: RunOptions): Promise<Result>;
  /** Previews first, as the CLI does, and stops when that fails. */
  up(run?: RunOptions): Promise<Result>;
  /** Does not run the program: providers are configured as state recorded them. */
  refresh(run?: RunOptions): Promise<Result>;
  /** Does not run the program: providers are configured as state recorded them. */
  destroy(run?: RunOptions): Promise<Result>;
  /** Returns the state, in the shape of `pulumi stack export`, secrets encrypted. */
  state(): Deployment;
  /** Replaces the state, for instance by an older one. */
  restore(state: Deployment): void;
  /** Returns a resource by its logical name, secrets encrypted; not one that waits for its deletion. */
  resource(name: string): SavedResource | undefined;
}

type Body = (context: Context) => Promise<readonly Resource[]>;

interface Context {
  readonly pass: Pass;
  readonly program: Program;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
}

/** Opens a stack; nothing runs yet. */
export function openStack(options: StackOptions): Stack {
  const passphrase = options.passphrase ?? "engine-double";
  let state = load(options.stateFile);
  const keep = (resources: readonly Resource[]) => {
    state = seal(resources, passphrase);
    save(options.stateFile, state);
  };
  const once = async (run: RunOptions, dryRun: boolean, body: Body) => {
    const previous = unseal(state, passphrase);
    const checkpoint = dryRun || options.stateFile === undefined ? () => {} : keep;
    const { resources, ...result } = await onePass({ ...options, ...run }, run, dryRun, previous, checkpoint, body);
    if (!dryRun) keep(resources);
    return result;
  };
  const twice = async (run: RunOptions, body: Body) => {
    const preview = run.skipPreview === true ? undefined : await once(run, true, body);
    return preview?.error === undefined ? once(run, false, body) : preview;
  };
  return {
    preview: (run = {}) => once(run, true, deploy),
    up: (run = {}) => twice(run, deploy),
    refresh: (run = {}) => twice(run, refresh),
    destroy: (run = {}) => twice(run, destroy),
    state: () => state,
    restore: (other) => keep(unseal(other, passphrase)),
    resource: (name) =>
      state.deployment.resources.find((resource) => nameOf(resource.urn) === name && resource.delete !== true),
  };
}

async function onePass(
  program: Program,
  run: RunOptions,
  dryRun: boolean,
  previous: readonly Resource[],
  checkpoint: (resources: readonly Resource[]) => void,
  body: Body,
): Promise<Result & { readonly resources: readonly Resource[] }> {
  const diagnostics: Diagnostic[] = [];
  const onDiagnostic = (diagnostic: Diagnostic) => {
    diagnostics.push(diagnostic);
    run.onDiagnostic?.(diagnostic);
  };
  const hostOptions = hostOptionsOf(program, dryRun ? undefined : run.crash, onDiagnostic);
  const providers = new Providers(previous, (config) => startHost({ ...hostOptions, config }));
  const snapshot = new Snapshot(previous);
  const pass = new Pass({
    where: program,
    dryRun,
    snapshot,
    providers,
    parallel: program.parallel ?? defaultParallel,
    targetReplace: run.targetReplace ?? [],
    crash: run.crash,
    onDiagnostic,
    onStep: () => checkpoint(snapshot.resources()),
  });
  const resources = await body({ pass, program, onDiagnostic });
  await providers.end(pass.failure instanceof EngineKilled ? "kill" : "close");
  const outputs = resources.find((resource) => resource.type === STACK_TYPE)?.outputs ?? {};
  const { operations, failure } = pass;
  return { operations, outputs: forProvider(outputs), diagnostics, error: failure?.message, resources };
}

function hostOptionsOf(
  program: Program,
  crash: CrashPoint | undefined,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): HostOptions {
  const { projectDir, project, sdkDir } = program;
  const script = sdkScript(projectDir, "cmd/dynamic-provider", sdkDir);
  const die = crash?.victim === "provider" ? JSON.stringify({ script, ...crash }) : undefined;
  return {
    cwd: projectDir,
    project,
    env: { ...program.env, ...(die === undefined ? {} : { ENGINE_DOUBLE_DIE: die }) },
    ...(die === undefined ? {} : { nodeArgs: ["--require", join(__dirname, "die-before-reply.cjs")] }),
    ...(sdkDir === undefined ? {} : { sdkDir }),
    onLine: (message) => onDiagnostic({ severity: "info", message }),
  };
}

/** Runs the program, then deletes what it no longer declares. */
async function deploy({ pass, program, onDiagnostic }: Context): Promise<readonly Resource[]> {
  const monitor = await serveMonitor(pass, providerConfig(program.config ?? {}), onDiagnostic);
  const running = runProgram(program, monitor.address, pass.dryRun, onDiagnostic);
  const patience = (error: Error) => (error instanceof EngineKilled ? 0 : 10_000);
  void pass.failed.then((error) => setTimeout(running.kill, patience(error)).unref());
  const how = await running.ended;
  await pass.settled();
  if (pass.failure === undefined && how !== "exit code 0") pass.fail(new Error(`the program failed: ${how}`));
  monitor.recordStackOutputs();
  monitor.close();
  if (pass.failure === undefined) await untilFailure(pass, deleteLeft(pass));
  return pass.snapshot.resources();
}

async function destroy({ pass }: Context): Promise<readonly Resource[]> {
  await untilFailure(pass, deleteLeft(pass));
  return pass.snapshot.resources();
}

function refresh({ pass }: Context): Promise<readonly Resource[]> {
  return refreshAll(pass);
}

/** The pass has recorded the failure already; what was underway beside it may still end well. */
async function untilFailure(pass: Pass, work: Promise<void>): Promise<void> {
  await work.catch(() => {});
  await pass.settled();
}

function providerConfig(config: Config): Properties {
  const wrap = (value: Config[string]) => (typeof value === "string" ? value : secret(value.secret));
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, wrap(value)]));
}

function load(file: string | undefined): Deployment {
  if (file === undefined || !existsSync(file)) return emptyDeployment;
  // The file is our own; a reader that checked every field would be longer than the engine.
  return JSON.parse(readFileSync(file, "utf8")) as Deployment;
}

function save(file: string | undefined, state: Deployment): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
