import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { MacpoolError } from "../../provider/error";
import type { PoolSpec } from "../../provider/lease/pool";
import { formatMac } from "../../provider/mac/mac";
import { createRegister, openRegister, systemContext } from "../../provider/store/open";
import type { LeaseStore } from "../../provider/store/store";

/** The handlers of one provider process. */
export type Provider = Omit<typeof import("../../provider/index.js"), "configure">;

/** A register and the processes that use it, for one test. */
export interface Lab {
  /** Where the register is, or would be: configured for every process as `macpool:store`. */
  readonly path: string;
  /** Everything the processes printed. */
  readonly printed: readonly string[];
  /** Returns another path in the test's directory. */
  beside(name: string): string;
  /** Creates the register with these pools besides `default`, and returns it open. */
  register(...pools: PoolSpec[]): Promise<LeaseStore>;
  /** Ends all processes and moves on to another path, for the next run of a property. */
  renew(): Promise<void>;
  /** Writes a file that is no register and has been there for long, and returns its path. */
  litter(content: string): string;
  /** Opens the register at a path that is not the configured one, or once more. */
  open(path?: string): Promise<LeaseStore>;
  /** Starts what stands for a provider process: handlers over module variables that nobody else has. */
  provider(config?: Readonly<Record<string, string>>): Promise<Provider>;
}

/** Gives every test of the file a directory of its own, and an environment that names no register and no CI. */
export function useLab(): Lab {
  let directory = "";
  let run = 0;
  let printed: string[] = [];
  const ends: (() => Promise<unknown>)[] = [];
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-resource-")));
    printed = [];
    for (const name of ["MACPOOL_STORE", "CI"]) vi.stubEnv(name, undefined);
    // Where the default register would be, if something falls back to it by mistake.
    for (const name of ["HOME", "XDG_DATA_HOME"]) vi.stubEnv(name, join(directory, "home"));
    for (const method of ["log", "warn"] as const) {
      vi.spyOn(console, method).mockImplementation((...words) => void printed.push(words.join(" ")));
    }
  });
  afterEach(async () => {
    await renew();
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  });
  const open = async (path: string) => {
    const store = await openRegister(path, systemContext(console.warn));
    ends.push(() => store.close());
    return store;
  };
  const beside = (name: string) => join(directory, name);
  const path = () => beside(`register-${run}.db`);
  const renew = async () => {
    await Promise.allSettled(ends.splice(0).map((end) => end()));
    run += 1;
  };
  return {
    get path() {
      return path();
    },
    get printed() {
      return printed;
    },
    beside,
    renew,
    litter: (content) => {
      writeFileSync(beside("litter.db"), content);
      // An empty file that is new may be a register in the making, and would be waited for.
      utimesSync(beside("litter.db"), 0, 0);
      return beside("litter.db");
    },
    async register(...pools) {
      await createRegister(path(), systemContext(console.warn));
      const store = await open(path());
      for (const pool of pools) await store.createPool(pool);
      return store;
    },
    open: (other = path()) => open(other),
    async provider(config = {}) {
      const { provider, end } = await startProvider({ "macpool:store": path(), ...config });
      ends.push(end);
      return provider;
    },
  };
}

async function startProvider(config: Readonly<Record<string, string>>) {
  vi.resetModules();
  const { configure, ...provider } = await import("../../provider/index.js");
  const { runtime } = await import("../../provider/resource/runtime.js");
  await configure({ config: { get: (key: string) => config[key] } });
  const end = async () => (await runtime().register()).close();
  return { provider, end };
}

/** Returns the error of ours that `work` rejects with; fails when it resolves, or rejects with another. */
export async function faultOf(work: Promise<unknown>): Promise<MacpoolError> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome?.status === "rejected" && MacpoolError.is(outcome.reason)) return outcome.reason;
  throw outcome?.status === "rejected" ? outcome.reason : new Error("expected an error, got a value");
}

/** Returns the code of the error that `work` rejects with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await faultOf(work)).code;
}

/** Returns the addresses that are live, as texts, ascending. */
export async function live(register: LeaseStore): Promise<string[]> {
  const addresses: string[] = [];
  for await (const { address } of register.list({ state: "live" })) addresses.push(formatMac(address));
  return addresses;
}
