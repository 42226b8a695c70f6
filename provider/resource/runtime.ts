import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { isCi } from "../environment";
import { MacpoolError } from "../error";
import type { BlockRequest } from "../lease/block";
import type { Entitlement } from "../lease/held";
import type { AcquireRequest } from "../lease/lease";
import { DEFAULT_POOL, type Manager, type Pool } from "../lease/pool";
import type { Mac } from "../mac/mac";
import { shellWord } from "../shell-word";
import { createMemoryStore } from "../store/memory-store";
import { createRegister, isOnServer, newRegister, openRegister, systemContext } from "../store/open";
import { RECONCILE } from "../store/remedies";
import type { LeaseStore } from "../store/store";
import { GivenInputs } from "./given";
import { faultOfHistory, faultOfRegister, type Provenance } from "./provenance";
import { Recollection } from "./recollection";
import { QUIET_MILLISECONDS, RunAddresses } from "./run-addresses";
import { RunOwners } from "./run-owners";
import { type Config, readSettings, type Settings } from "./settings";

/**
 * What one provider process knows. The host drops every fact about the deployment and calls `configure` without waiting
 * for it, so this lives in a module variable and is set synchronously.
 */
class Runtime {
  readonly settings: Settings;
  /** Which resource has which address. */
  readonly addresses = new RunAddresses();
  /** Which resource has which owner. */
  readonly owners = new RunOwners();
  /** What the program means by what it sends. */
  readonly given = new GivenInputs();
  readonly #planned = new Map<string, Pool | undefined>();
  readonly #predecessors = new Map<string, Manager>();
  readonly #recollection = new Recollection();
  #store: LeaseStore | undefined;
  #opening: Promise<LeaseStore> | undefined;
  #distrust: MacpoolError | undefined;
  #named: string | undefined;
  #hasWarned = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /**
   * Returns the register, opened once.
   *
   * @throws MacpoolError REGISTER_MISSING when there is none; REGISTER_MISMATCH when it is not the configured one.
   */
  register(): Promise<LeaseStore> {
    if (this.#store !== undefined) return Promise.resolve(this.#store);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /**
   * Returns what the register would grant, or where there is none yet, what a new one would; undefined when the register
   * cannot be used, so that a preview stays possible. Whatever is wrong stops the update. What a resource keeps, so that
   * nothing is granted, may be known from memory: see {@link Recollection}.
   *
   * @throws MacpoolError when the register refuses the request; see `LeaseStore.predict`.
   */
  async predict(
    request: AcquireRequest,
    isKept: boolean,
    isPromised: (address: Mac) => boolean,
  ): Promise<Entitlement | undefined> {
    return this.ask(async (register, isNew) => {
      // A new register says nothing of an address that somebody wants: the real one may lie on another machine.
      if (isNew && request.requestedAddress !== undefined) return undefined;
      if (!this.#isForeseeable(request.pool, isNew)) return undefined;
      const known = isKept && this.#isFar ? await this.#recollection.keptBy(request, register) : undefined;
      return known ?? register.predict(request, isPromised, this.planned);
    });
  }

  /**
   * Returns what {@link predict} does for each index of a block.
   *
   * @throws MacpoolError when the register refuses the request; see `LeaseStore.predictBlock`.
   */
  async predictBlock(request: BlockRequest, isPromised: (address: Mac, owner: string) => boolean) {
    return this.ask(async (register, isNew) => {
      if (!this.#isForeseeable(request.pool, isNew)) return undefined;
      return register.predictBlock(request, isPromised, this.planned);
    });
  }

  /**
   * Returns the answer of the register, or where there is none yet, that of a new one; undefined when the register
   * cannot be used. The question must only read.
   *
   * @throws MacpoolError when the register refuses to answer.
   */
  async ask<T>(question: (register: LeaseStore, isNew: boolean) => Promise<T>): Promise<T | undefined> {
    try {
      return await question(await this.register(), false);
    } catch (error) {
      if (isMissing(error)) return question(createMemoryStore(newRegister(), context()), true);
      if (!isUnusable(error)) throw error;
      this.warnOnce("addresses of this preview are not all known", error);
      return undefined;
    }
  }

  /**
   * Remembers a pool that the program declares, so that a preview can tell addresses of it before it exists; undefined
   * when it is not known yet what the pool will be.
   */
  announce(name: string, pool: Pool | undefined): void {
    this.#planned.set(name, pool);
  }

  /** The pools that the program declares, as far as they were checked and are known. */
  get planned(): readonly Pool[] {
    return [...this.#planned.values()].filter((pool) => pool !== undefined);
  }

  /**
   * Returns the register for writing, and creates it when there is none and nothing speaks against it.
   *
   * @throws MacpoolError REGISTER_MISSING in CI, when a register is configured by its id, or when the stack's state names
   * one; whatever made this process distrust the register before.
   */
  async registerForGrants(): Promise<LeaseStore> {
    this.#assertTrusted();
    try {
      return await this.register();
    } catch (error) {
      if (!isMissing(error)) throw error;
      // Pulumi creates what is new while it still compares what is old: a state that names a register may be on its way.
      await pause(QUIET_MILLISECONDS);
      this.#assertMayCreate(error);
    }
    const refusal = await this.#create();
    try {
      return await this.register();
    } catch (error) {
      // Something was in the way that is no register, such as the log of one that was moved away.
      throw isMissing(error) ? (refusal ?? error) : error;
    }
  }

  /**
   * Compares a resource's state with the register and returns the register.
   *
   * @throws MacpoolError REGISTER_MISMATCH when the state comes from another register; REGISTER_ROLLED_BACK when it is
   * newer than the register. From then on this process grants nothing.
   */
  async registerOf(state: Provenance): Promise<LeaseStore> {
    this.#named = state.storeId;
    const store = await this.register();
    this.#assertNone(await faultOfRegister(state, store));
    return store;
  }

  /**
   * Checks the history of a register that does not have a lease under the state's token.
   *
   * @throws MacpoolError REGISTER_ROLLED_BACK when it is another history. From then on this process grants nothing.
   */
  async assertSameHistory(state: Provenance): Promise<void> {
    this.#assertNone(await faultOfHistory(state, await this.register()));
  }

  /** Says what a register that cannot be used is not good for; once. */
  warnOnce(consequence: string, error: MacpoolError): void {
    if (!this.#hasWarned) context().warn(`${consequence}. ${String(error)}`);
    this.#hasWarned = true;
  }

  /** Remembers what a declaration was called before; when it is replaced, the second check is not told. */
  noteBefore(now: Manager, before: Manager): void {
    this.#predecessors.set([now.owner, now.installation].join("\n"), before);
  }

  /** Returns what the declaration was called before, if that was noted. */
  before(now: Manager): Manager | undefined {
    return this.#predecessors.get([now.owner, now.installation].join("\n"));
  }

  get #isFar(): boolean {
    return isOnServer(this.settings.store);
  }

  /** Returns whether it is known what the pool is or will be; a register that is not there yet will have one pool. */
  #isForeseeable(pool: string, isNew: boolean): boolean {
    if (this.#planned.has(pool)) return this.#planned.get(pool) !== undefined;
    return !isNew || pool === DEFAULT_POOL;
  }

  async #open(): Promise<LeaseStore> {
    const store = await openRegister(this.settings.store, context(this.settings));
    const { storeId } = await store.identity();
    if (this.settings.storeId !== undefined && storeId !== this.settings.storeId) {
      await store.close();
      throw new MacpoolError(
        "REGISTER_MISMATCH",
        `Register ${store.location} has the id ${storeId}, but configuration macpool:storeId asks for ${this.settings.storeId}. Nothing was written. Set macpool:store or MACPOOL_STORE to the right register.`,
        { details: { found: storeId, expected: this.settings.storeId } },
      );
    }
    this.#store = store;
    return store;
  }

  /** Creates the register, and returns why it was not created when there is one by now. */
  async #create(): Promise<MacpoolError | undefined> {
    try {
      const location = await createRegister(this.settings.store, context(this.settings));
      console.log(`macpool: created the register ${location}`);
      return undefined;
    } catch (error) {
      // Another process created it at the same moment.
      if (MacpoolError.is(error) && error.code === "REGISTER_EXISTS") return error;
      throw error;
    }
  }

  /** Not `??= await`: that looks first and assigns later, over what another resource has found meanwhile. */
  #assertNone(fault: MacpoolError | undefined): void {
    this.#distrust ??= fault;
    this.#assertTrusted();
  }

  #assertTrusted(): void {
    if (this.#distrust !== undefined) throw this.#distrust;
  }

  #assertMayCreate(missing: MacpoolError): void {
    const { storeId } = this.settings;
    const expected = storeId ?? this.#named;
    if (expected !== undefined) {
      throw new MacpoolError(
        "REGISTER_MISSING",
        `There is no register at ${missing.details["path"]}, and a new one will not do: this stack belongs to register ${expected}. Set macpool:store or MACPOOL_STORE to where that one is, or restore it from a backup. If it is lost, make it anew from the state of every stack that uses it: ${RECONCILE}`,
        { cause: missing, details: { expected } },
      );
    }
    // What is missing on a server says itself how to make it.
    if (isOnServer(this.settings.store)) throw missing;
    if (isCi()) {
      throw new MacpoolError(
        "REGISTER_MISSING",
        `There is no register at ${missing.details["path"]}, and in CI none is created by itself, because a job's disk is lost with the job. Set macpool:store or MACPOOL_STORE to the shared register, or create this one with: macpool init --store ${shellWord(String(missing.details["path"]))}`,
        { cause: missing },
      );
    }
  }
}

let configuration: Config = { get: () => undefined };
let current: Runtime | undefined;

/**
 * Takes over the configuration. Synchronous and without a check: the host starts other calls before it has waited for
 * `configure`, and goes on unconfigured when it throws.
 */
export function configureRuntime(config: Config): void {
  configuration = config;
}

/**
 * Returns the runtime of this process.
 *
 * @throws MacpoolError INVALID_CONFIG, every time.
 */
export function runtime(): Runtime {
  const settings = readSettings(configuration);
  if (current === undefined || !isSame(current.settings, settings)) current = new Runtime(settings);
  return current;
}

function context(settings?: Settings) {
  return systemContext((message) => console.warn(`macpool: ${message}`), settings?.storePassword);
}

function isSame(one: Settings, other: Settings): boolean {
  return isDeepStrictEqual(one, other);
}

/** Returns whether the register cannot be used, as opposed to refusing a request. */
export function isUnusable(error: unknown): error is MacpoolError {
  return MacpoolError.is(error) && /^(REGISTER_|NATIVE_MODULE|INVALID_CONFIG)/.test(error.code);
}

function isMissing(error: unknown): error is MacpoolError {
  return MacpoolError.is(error) && error.code === "REGISTER_MISSING";
}
