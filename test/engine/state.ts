import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Properties, Value } from "../host/harness";
import { mapBag, mapSecrets, sealed, secret } from "./values";

/** One resource of a stack. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  /** Empty for components, and in previews for what does not exist yet. */
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly parent: string;
  readonly dependencies: readonly string[];
  /** `<urn>::<id>` of the provider resource; empty for components and providers. */
  readonly provider: string;
  /** Replaced already and waiting for its deletion. */
  readonly delete?: boolean;
  /** Only read by the program (`.get()`), never created or deleted by it. */
  readonly external?: boolean;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

/** A {@link Resource} as it stands in a state file: what is empty is left out. */
export type SavedResource = Pick<Resource, "urn" | "type" | "custom" | "inputs" | "outputs"> & Partial<Resource>;

/** A stack's state, in the shape of `pulumi stack export`; every secret in it is encrypted. */
export interface Deployment {
  readonly version: 3;
  readonly deployment: {
    /** When the state was written; a stack that was never deployed has none. */
    readonly manifest?: { readonly time: string };
    readonly resources: readonly SavedResource[];
  };
}

/** The state of a stack that was never deployed. */
export const emptyDeployment: Deployment = { version: 3, deployment: { resources: [] } };

/** Encrypts every secret and returns the state as it may be written to a file. */
export function seal(resources: readonly Resource[], passphrase: string): Deployment {
  const encrypt = (found: Properties) => sealed(encryptText(JSON.stringify(found["value"]), passphrase));
  const manifest = { time: new Date().toISOString() };
  const saved = resources.map((resource) => save(rewrite(resource, encrypt)));
  return { version: 3, deployment: { manifest, resources: saved } };
}

/** Decrypts what {@link seal} encrypted. @throws when the passphrase is another one. */
export function unseal(state: Deployment, passphrase: string): Resource[] {
  const decrypt = (found: Properties) => secret(JSON.parse(decryptText(String(found["ciphertext"]), passphrase)));
  return state.deployment.resources.map((saved) => rewrite({ ...nothing, ...saved }, decrypt));
}

const nothing = { id: "", inputs: {}, outputs: {}, parent: "", dependencies: [], provider: "" };

function save(resource: Resource): SavedResource {
  const { id, parent, dependencies, provider, ...rest } = resource;
  return {
    ...rest,
    ...(id === "" ? {} : { id }),
    ...(parent === "" ? {} : { parent }),
    ...(dependencies.length === 0 ? {} : { dependencies }),
    ...(provider === "" ? {} : { provider }),
  };
}

function rewrite(resource: Resource, visit: (found: Properties) => Value): Resource {
  const change = (bag: Properties) => mapBag(bag, (value) => mapSecrets(value, visit));
  return { ...resource, inputs: change(resource.inputs), outputs: change(resource.outputs) };
}

function keyOf(passphrase: string): Buffer {
  return createHash("sha256").update(passphrase).digest();
}

function encryptText(text: string, passphrase: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(passphrase), nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
}

function decryptText(ciphertext: string, passphrase: string): string {
  const bytes = Buffer.from(ciphertext, "base64");
  const cipher = createDecipheriv("aes-256-gcm", keyOf(passphrase), bytes.subarray(0, 12));
  cipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString("utf8");
}

/** The state of a stack while an operation changes it: what is new already, then what is left of the old. */
export class Snapshot {
  /** What the operation found, in the order in which it was created. */
  readonly previous: readonly Resource[];
  readonly #fresh: Resource[] = [];
  readonly #renamed = new Map<string, string>();
  #left: Resource[];
  #frozen = false;

  constructor(previous: readonly Resource[]) {
    this.previous = previous;
    this.#left = [...previous];
  }

  /** Returns the old resource with this URN, unless it only waits for its deletion. */
  old(urn: string): Resource | undefined {
    return this.previous.find((resource) => resource.urn === urn && resource.delete !== true);
  }

  /** Records a resource that takes the place of `old`, or has no predecessor. */
  put(next: Resource, old?: Resource): void {
    if (this.#frozen) return;
    this.#fresh.push(next);
    if (old === undefined) return;
    this.remove(old);
    if (old.urn !== next.urn) this.#renamed.set(old.urn, next.urn);
  }

  /** Marks an old resource for deletion at the end: its successor exists. */
  condemn(old: Resource): void {
    if (this.#frozen) return;
    this.#left = this.#left.map((resource) => (resource === old ? { ...old, delete: true } : resource));
  }

  /** Forgets an old resource. */
  remove(old: Resource): void {
    if (this.#frozen) return;
    this.#left = this.#left.filter((resource) => resource !== old);
  }

  /** Sets the outputs of a component, which arrive after its registration. */
  setOutputs(urn: string, outputs: Properties): void {
    const index = this.#fresh.findIndex((resource) => resource.urn === urn);
    const found = this.#fresh[index];
    if (found !== undefined && !this.#frozen) this.#fresh[index] = { ...found, outputs };
  }

  /** Returns the old resources that nothing has taken the place of. */
  left(): readonly Resource[] {
    return this.#left;
  }

  /** Ignores all later changes: whoever would have saved them is dead. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Returns the state as it would be saved now. */
  resources(): Resource[] {
    return [...this.#fresh, ...this.#left].map((resource) => this.#followRenames(resource));
  }

  #followRenames(resource: Resource): Resource {
    const follow = (urn: string) => this.#renamed.get(urn) ?? urn;
    const [, providerUrn = "", id = ""] = /^(.*)::(.*)$/.exec(resource.provider) ?? [];
    const provider = resource.provider === "" ? "" : `${follow(providerUrn)}::${id}`;
    return { ...resource, parent: follow(resource.parent), provider, dependencies: resource.dependencies.map(follow) };
  }
}
