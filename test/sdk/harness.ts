import * as pulumi from "@pulumi/pulumi";

/** The address that the mocked provider gives to every MacAddress that asks for none. */
export const ADDRESS = "42:59:ef:80:95:8d";

/** What the mocked engine was asked to register or read. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** As sent: a secret is an object with the key `value`, which rises to the top of its property. */
  readonly inputs: Record<string, unknown>;
  readonly provider: string | undefined;
  readonly id: string | undefined;
}

export interface MockOptions {
  readonly project?: string;
  readonly stack?: string;
  readonly organization?: string;
  readonly preview?: boolean;
  /** The id of every provider. Default: `installation-of-` and its name. */
  readonly providerId?: string;
  /** The stack's configuration, fully namespaced, and which of its keys were set with `--secret`. */
  readonly config?: Record<string, string>;
  readonly secretKeys?: string[];
  /** What the provider answers instead of the inputs, for resources other than MacAddress. */
  readonly answer?: (inputs: Record<string, unknown>) => Record<string, unknown>;
}

/** Starts a new deployment with a mocked engine. Returns the list that its registrations are added to. */
export async function deploy(options: MockOptions = {}): Promise<Registered[]> {
  const registered: Registered[] = [];
  const newResource = (args: pulumi.runtime.MockResourceArgs): pulumi.runtime.MockResourceResult => {
    const { type, name, inputs, provider, id } = args;
    registered.push({ type, name, inputs, provider, id });
    if (type.startsWith("pulumi:providers:"))
      return { id: options.providerId ?? `installation-of-${name}`, state: inputs };
    if (type === "test:index:Unknown") return { id: name, state: {} };
    if (options.answer !== undefined) return { id: name, state: { ...inputs, ...options.answer(inputs) } };
    const address = inputs.requestedAddress ?? ADDRESS;
    return { id: id || address, state: { ...inputs, address, pool: "default", storeId: "register-1" } };
  };
  pulumi.runtime.setAllConfig(options.config ?? {}, options.secretKeys);
  await pulumi.runtime.setMocks(
    { newResource, call: () => ({}) },
    options.project ?? "network",
    options.stack ?? "prod",
    options.preview ?? false,
    options.organization ?? "acme",
  );
  return registered;
}

/**
 * Waits until the engine has answered everything, so that nothing of this deployment runs into the next one. Older
 * versions of @pulumi/pulumi (3.139) wait for ever after a registration that failed, hence the limit.
 */
export function finish(): Promise<void> {
  const limit = new Promise<void>((resolve) => setTimeout(resolve, 1000).unref());
  return Promise.race([pulumi.runtime.disconnect(), limit]);
}

/** Returns the value of a known output. Never settles for an unknown one. */
export function known<T>(output: pulumi.Output<T>): Promise<unknown> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** Waits until the engine knows the resource and returns its registration, found by name. */
export async function registrationOf(registered: Registered[], resource: pulumi.Resource): Promise<Registered> {
  const urn = String(await known(resource.urn));
  const found = registered.find((each) => each.name === urn.split("::")[3] && urn.includes(each.type));
  if (found === undefined) throw new Error(`${urn} was not registered`);
  return found;
}

/** Returns the messages of everything that was thrown where nobody could catch it, which is how Pulumi reports faults. */
export async function faultsOf(body: () => void | Promise<void>): Promise<string[]> {
  const faults = new Set<string>();
  const listeners = process.listeners("unhandledRejection");
  const note = (reason: unknown): void => {
    faults.add(reason instanceof Error ? reason.message : String(reason));
  };
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
  try {
    await body();
    await new Promise((resolve) => setTimeout(resolve, 100));
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
  return [...faults];
}

/** A resource whose output `value` is unknown in a preview. */
export class Unknown extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string) {
    super("test:index:Unknown", name, { value: undefined });
  }
}

/** A component as users write them: a VM with one NIC. */
export class Vm extends pulumi.ComponentResource {
  constructor(name: string, opts: pulumi.ComponentResourceOptions = {}) {
    super("lab:vm:Vm", name, {}, opts);
  }
}
