import * as pulumi from "@pulumi/pulumi";
import { currentScope } from "./owner";
import { sharedMap } from "./shared";

const PACKAGE = "pulumi-nodejs";
const DEFAULT_NAME = "macpool";

/** A password inside a store URL: `postgres://user:password@host/db` or `...?password=...`. Rather too much than too little. */
const CARRIES_PASSWORD = /:\/\/.*:.*@|[?&]password=/is;

/** The settings of a {@link Provider}. Each one left out falls back to the provider's own default. */
export interface ProviderArgs {
  /**
   * The register: the path of a SQLite file, or `sqlite:PATH`. `MACPOOL_STORE` in the environment wins over it. Recorded in
   * the stack's state, encrypted when it carries a password or is itself a secret.
   */
  store?: pulumi.Input<string> | undefined;
  /** The password of a PostgreSQL register. Always treated as a secret. `MACPOOL_STORE_PASSWORD` wins over it. */
  storePassword?: pulumi.Input<string> | undefined;
  /** The pool of every MacAddress that names none. */
  pool?: pulumi.Input<string> | undefined;
  /** The id that the register must have; any other register is refused. */
  storeId?: pulumi.Input<string> | undefined;
}

/**
 * A register that MAC addresses come from. Programs with one register do not need it: configuration
 * (`pulumi config set macpool:store ...`) is enough. Create one to use a second register:
 *
 * ```ts
 * const lab = new Provider("lab-register", { store: "./lab.db" });
 * new MacAddress("nic", {}, { provider: lab });
 * ```
 *
 * Its id, which the engine makes once and keeps in the stack's state, and the stack are the *installation* that leases
 * belong to. Keep it declared for as long as addresses use it. The name `macpool` is taken by the default one.
 */
export class Provider extends pulumi.ProviderResource {
  /**
   * @param name The logical name of the provider resource, unique in the stack.
   * @param args Where the register is and how to use it.
   * @param opts The usual resource options.
   */
  constructor(name: string, args: ProviderArgs = {}, opts: pulumi.ResourceOptions = {}) {
    // Namespaced, because Config.get in the provider process takes a bare key for one of the project's
    // (pulumi/pulumi, sdk/nodejs/cmd/dynamic-provider/config.ts).
    const inputs = {
      "macpool:store": args.store === undefined ? undefined : pulumi.output(args.store).apply(hidePassword),
      "macpool:storePassword": args.storePassword === undefined ? undefined : pulumi.secret(args.storePassword),
      "macpool:pool": args.pool,
      "macpool:storeId": args.storeId,
    };
    super(PACKAGE, name, inputs, opts);
  }
}

/** Keyed by what stands for one deployment; see {@link deployment}. */
const defaults = sharedMap<object, Provider>("default-provider/1");

/**
 * Returns the provider that this deployment's MAC addresses use unless told otherwise, made from the stack's `macpool:`
 * configuration at the first call. `MACPOOL_STORE` and `MACPOOL_STORE_PASSWORD` are one machine's own override, read by
 * the provider process, and must not be recorded in the state that all machines share.
 */
export function defaultProvider(): Provider {
  const key = deployment();
  const existing = defaults.get(key);
  if (existing !== undefined) return existing;
  // No parent option: the stack. Below the component of the first MacAddress its URN, and with it every installation,
  // would depend on the order of the program.
  const provider = new Provider(DEFAULT_NAME, configuredArgs());
  defaults.set(key, provider);
  return provider;
}

/**
 * Returns the provider for a resource of `type` with these options, as the `Resource` constructor would choose it
 * (pulumi/pulumi, sdk/nodejs/resource.ts), and the default one where that would leave the choice to the engine.
 */
export function providerFor(type: string, opts: pulumi.CustomResourceOptions): pulumi.ProviderResource {
  return opts.provider ?? opts.parent?.getProvider(type) ?? defaultProvider();
}

/** An installation that is not known before the resource is made that belongs to it. */
export interface PromisedInstallation {
  readonly promise: Promise<pulumi.Output<string> | undefined>;
  /** To be called with the provider that the resource has in the end. */
  readonly settle: (provider: pulumi.ProviderResource | undefined) => void;
}

/**
 * Returns the promise of a resource's installation: the id of its provider, and the stack, because `pulumi state move` and
 * `pulumi stack import` take a provider along to another stack under the same id.
 */
export function promisedInstallation(): PromisedInstallation {
  let settle = (_: pulumi.ProviderResource | undefined): void => {};
  const inForce = new Promise<pulumi.ProviderResource | undefined>((resolve) => {
    settle = resolve;
  });
  const scope = currentScope();
  // What stands for an id that is not known must stand alone: within a text it would count as known, and differ from what
  // the update finds, which an update plan does not allow.
  const of = (id: string): string => (id === pulumi.runtime.unknownValue ? id : `${id}/${scope}`);
  return { promise: inForce.then((provider) => provider?.id.apply(of)), settle };
}

/**
 * One process can run several deployments (Automation API, unit tests). Each has its own root stack resource, which all
 * copies of @pulumi/pulumi share, while each copy has its own monitor client. Unit tests have no stack resource, but a
 * new monitor for every `setMocks`. With neither there is no engine, and registering will fail with Pulumi's own message.
 */
function deployment(): object {
  return pulumi.runtime.getStackResource() ?? pulumi.runtime.getMonitor() ?? globalThis;
}

function configuredArgs(): ProviderArgs {
  const config = new pulumi.Config("macpool");
  const store = config.get("store");
  return {
    store: store !== undefined && isConfigSecret("macpool:store") ? pulumi.secret(store) : store,
    storePassword: config.getSecret("storePassword"),
    pool: config.get("pool"),
    storeId: config.get("storeId"),
  };
}

/**
 * `Config.get` returns a value set with `--secret` without its mark, and what knows the mark is exported by
 * `pulumi.runtime` (3.139 to 3.248) but not declared. Should it go away, every store counts as secret.
 */
function isConfigSecret(key: string): boolean {
  const isSecret: unknown = Reflect.get(pulumi.runtime, "isConfigSecret");
  return typeof isSecret === "function" ? Boolean(isSecret(key)) : true;
}

function hidePassword(store: string): pulumi.Input<string> {
  return CARRIES_PASSWORD.test(store) ? pulumi.secret(store) : store;
}
