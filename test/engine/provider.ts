import {
  type Checked,
  type Created,
  type Diffed,
  type Host,
  HostError,
  type Properties,
  type Read,
} from "../host/harness";
import { echo } from "./echo";
import type { Resource } from "./state";
import { typeOf } from "./urn";
import { forProvider, holdsUnknown, markSecrets, same } from "./values";

/**
 * A configured provider as the engine sees it (`provider_plugin.go` of Pulumi): it strips secrets on the way in, puts
 * them back on the way out, and is not asked at all while its own inputs are unknown.
 */
export interface Provider {
  check(olds: Properties, news: Properties): Promise<Checked>;
  /** `replaces` is empty and `changes` true when the provider cannot say while its inputs are unknown. */
  diff(old: Pick<Resource, "id" | "inputs" | "outputs">, news: Properties): Promise<Diffed>;
  create(urn: string, inputs: Properties): Promise<Created>;
  read(id: string, inputs: Properties, outputs: Properties): Promise<Read>;
  update(old: Resource, urn: string, news: Properties): Promise<Properties>;
  delete(old: Resource): Promise<void>;
  /** What the outputs are in a preview: a dynamic provider is not asked. */
  predict(inputs: Properties): Properties;
}

/** The type of the provider resources behind which there is a host process. */
const DYNAMIC = "pulumi:providers:pulumi-nodejs";

/** Starts host processes and hands out the providers behind them, one for each provider resource. */
export class Providers {
  readonly #running = new Map<string, Promise<Host>>();
  readonly #known = new Map<string, Provider>();

  constructor(
    private readonly previous: readonly Resource[],
    private readonly start: (config: Properties) => Promise<Host>,
  ) {}

  /** Configures the provider resource with this reference, unless that was done before. */
  configure(reference: string, inputs: Properties): void {
    if (this.#known.has(reference)) return;
    this.#known.set(reference, holdsUnknown(inputs) ? unconfigured : this.#provider(reference, inputs));
  }

  /** Returns the provider; one that this run did not configure is configured as state recorded it. */
  get(reference: string): Provider {
    const known = this.#known.get(reference);
    if (known !== undefined) return known;
    const recorded = this.previous.find((resource) => `${resource.urn}::${resource.id}` === reference);
    if (recorded === undefined) throw new Error(`could not find provider ${reference}`);
    this.configure(reference, recorded.inputs);
    return this.get(reference);
  }

  /** Ends all host processes: in an orderly way, or as a crash would. */
  async end(how: "close" | "kill"): Promise<void> {
    const hosts = await Promise.allSettled(this.#running.values());
    await Promise.all(hosts.map((host) => (host.status === "fulfilled" ? host.value[how]() : undefined)));
  }

  #provider(reference: string, inputs: Properties): Provider {
    const [urn = ""] = reference.split(/::(?!.*::)/);
    return typeOf(urn) === DYNAMIC ? managed(() => this.#host(reference, inputs)) : echo;
  }

  #host(reference: string, inputs: Properties): Promise<Host> {
    const running = this.#running.get(reference) ?? this.start(inputs);
    this.#running.set(reference, running);
    return running;
  }
}

function managed(host: () => Promise<Host>): Provider {
  return {
    async check(olds, news) {
      const checked = await (await host()).check(forProvider(olds), forProvider(news));
      return { ...checked, inputs: markSecrets(checked.inputs, news) };
    },
    async diff(old, news) {
      const diff = await (await host()).diff(old.id, forProvider(old.outputs), forProvider(news));
      if (diff.changes !== undefined) return diff;
      return { ...diff, changes: !same(forProvider(old.inputs), forProvider(news)) };
    },
    async create(urn, inputs) {
      const created = await (await host()).create(forProvider(inputs), urn);
      if (created.id === "") throw new HostError(`provider returned no id for ${urn}`, "create", 2);
      return { ...created, outputs: markSecrets(created.outputs, inputs) };
    },
    async read(id, inputs, outputs) {
      const read = await (await host()).read(id, forProvider(outputs));
      const found = read.inputs === undefined ? undefined : markSecrets(read.inputs, inputs);
      return { ...read, inputs: found, outputs: markSecrets(read.outputs, outputs) };
    },
    async update(old, urn, news) {
      return markSecrets(await (await host()).update(old.id, forProvider(old.outputs), forProvider(news), urn), news);
    },
    async delete(old) {
      await (await host()).delete(old.id, forProvider(old.outputs), old.urn);
    },
    predict: (inputs) => inputs,
  };
}

const mustBeKnown = () => Promise.reject(new Error("the provider's own inputs are unknown"));

/** Stands for a provider whose inputs a preview does not know yet. */
const unconfigured: Provider = {
  check: async (_olds, news) => ({ inputs: news, failures: [] }),
  diff: async () => ({ changes: true, replaces: [], deleteBeforeReplace: false }),
  read: async (id) => ({ id, inputs: {}, outputs: {} }),
  predict: () => ({}),
  create: mustBeKnown,
  update: mustBeKnown,
  delete: mustBeKnown,
};
