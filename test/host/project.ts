import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, inject } from "vitest";
import { openRegister, systemContext } from "../../provider/store/open";
import type { LeaseStore } from "../../provider/store/store";
import { LOADER } from "../../sdk/loader";
import { repository } from "./built-package";
import { type Created, type Host, type HostOptions, type Properties, startHost } from "./harness";

/** A Pulumi project of one test, with the package installed as npm does it, and a register of its own. */
export interface Project {
  readonly dir: string;
  /** Where the register is, or would be: configured for every host as `macpool:store`. */
  readonly path: string;
  /** Starts a provider host process in the project; it ends with the test. */
  start(options?: Partial<HostOptions>): Promise<Host>;
  /** Opens the register to look into it. */
  open(): Promise<LeaseStore>;
}

/** Makes a project for every test of the file. */
export function useProject(): Project {
  const hosts: Host[] = [];
  const stores: LeaseStore[] = [];
  let dir = "";
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), "macpool-host-")));
    install(inject("builtPackage"), dir);
  });
  afterEach(async () => {
    await Promise.all([...hosts.splice(0), ...stores.splice(0)].map((open) => open.close()));
    rmSync(dir, { recursive: true });
  });
  const path = () => join(dir, "register.db");
  return {
    get dir() {
      return dir;
    },
    get path() {
      return path();
    },
    async start({ config, env, ...options } = {}) {
      const host = await startHost({
        cwd: dir,
        config: { "macpool:store": path(), ...config },
        env: { CI: "", MACPOOL_STORE: "", HOME: dir, XDG_DATA_HOME: join(dir, "data"), ...env },
        ...options,
      });
      hosts.push(host);
      return host;
    },
    async open() {
      const store = await openRegister(path(), systemContext(console.warn));
      stores.push(store);
      return store;
    },
  };
}

/** Does what `npm install` leaves behind: a copy of the package, and what it and the host need beside it. */
function install(built: string, dir: string): void {
  const modules = join(dir, "node_modules");
  mkdirSync(modules);
  cpSync(built, join(modules, "pulumi-macpool"), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(built, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@pulumi"]) {
    symlinkSync(join(repository, "node_modules", name), join(modules, name), "junction");
  }
}

/** Returns what the SDK sends for a MacAddress, with `more` over it. */
export function declared(more: Properties = {}): Properties {
  return { owner: "acme/net/prod/nic", installation: "stack-1", rotation: "", __provider: LOADER, ...more };
}

/** Returns what the SDK sends for `count` of them. */
export function nics(count: number, prefix = "nic"): Properties[] {
  return Array.from({ length: count }, (_, index) => declared({ owner: `acme/net/prod/${prefix}-${index}` }));
}

/** Checks and creates, as the engine does for a new resource. */
export async function create(host: Host, news: Properties): Promise<Created> {
  const { inputs, failures } = await host.check({}, news);
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return host.create(inputs);
}

/** Returns the live leases of a register as owner and address, by owner. */
export async function liveLeases(register: LeaseStore): Promise<[owner: string, address: number][]> {
  const leases: [string, number][] = [];
  for await (const { owner, address } of register.list({ state: "live" })) leases.push([owner, address]);
  return leases.sort();
}
