import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { own, sdkScript } from "../engine/child";

/** What a property may hold on the wire. */
export type Value = null | boolean | number | string | Value[] | Properties;

/** A property bag; members that are `undefined` do not reach the wire. */
export interface Properties {
  [key: string]: Value | undefined;
}

/** What `check` answers. */
export interface Checked {
  readonly inputs: Properties;
  readonly failures: readonly { property: string; reason: string }[];
}

/** What `diff` answers; `changes` is `undefined` when the provider cannot tell. */
export interface Diffed {
  readonly changes: boolean | undefined;
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

/** What `create` answers. */
export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

/** What `read` answers; an empty `id` means that the resource is gone. */
export interface Read extends Created {
  readonly inputs: Properties | undefined;
}

/** A running provider host process of `@pulumi/pulumi`. */
export interface Host {
  readonly pid: number;
  configure(config: Properties): Promise<void>;
  check(olds: Properties, news: Properties): Promise<Checked>;
  diff(id: string, olds: Properties, news: Properties): Promise<Diffed>;
  create(inputs: Properties, urn?: string): Promise<Created>;
  read(id: string, props: Properties): Promise<Read>;
  update(id: string, olds: Properties, news: Properties, urn?: string): Promise<Properties>;
  delete(id: string, props: Properties, urn?: string): Promise<void>;
  /** Returns all that the process printed after its port, stdout and stderr in order of arrival. */
  output(): string;
  /** Sends the signal and resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process in an orderly way; harmless when it has already ended. */
  close(): Promise<void>;
}

/** How to start a host. */
export interface HostOptions {
  /** The directory `require` in the provider text resolves from: the Pulumi project. */
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Sent with Configure at the start. Default: empty. */
  readonly config?: Properties;
  /** The project that an un-namespaced config key belongs to. Default: `project`. */
  readonly project?: string;
  /** The `@pulumi/pulumi` package to run. Default: the one that `cwd` resolves. */
  readonly sdkDir?: string;
  /** Flags for node itself, before the script. */
  readonly nodeArgs?: readonly string[];
  /** Hears each line that the process prints after its port. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/** A refused call; `message` is what the provider said, `code` the gRPC status. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(
    message: string,
    readonly method: string,
    readonly code: grpc.status,
  ) {
    super(message);
  }
}

/** SDKs before this drop the inputs that a provider's `read` returns (pulumi/pulumi#21315); a refresh keeps the old ones. */
const RELAYS_INPUTS = [3, 216];

/** Returns what the engine is told of the `inputs` that a provider's `read` returned, under the SDK in use. */
export function relayed(inputs: Properties): Properties | undefined {
  const { version } = createRequire(__filename)("@pulumi/pulumi/package.json");
  const [major = 0, minor = 0] = String(version).split(".").map(Number);
  const [since = 0, from = 0] = RELAYS_INPUTS;
  return major > since || (major === since && minor >= from) ? inputs : undefined;
}

/** Converts a property bag for the wire. */
export function toStruct(properties: Properties): Struct {
  // google-protobuf types its parameter with index signatures that an interface cannot meet; the JSON copy has
  // exactly that shape and no `undefined`, which `fromJavaScript` refuses.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, string>);
}

/** Converts a property bag from the wire. */
export function fromStruct(struct: Struct | undefined): Properties {
  // A Struct holds nothing but JSON values; google-protobuf types them as `any[] | {}`.
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/** Starts a provider host process and configures it. @throws HostError when it ends before it serves. */
export async function startHost(options: HostOptions): Promise<Host> {
  const script = sdkScript(options.cwd, "cmd/dynamic-provider", options.sdkDir);
  // The host requires the address of an engine and never uses it.
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), script, "127.0.0.1:1"], {
    cwd: options.cwd,
    env: { ...process.env, PULUMI_NODEJS_PROJECT: options.project ?? "project", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = own(child);
  let output = "";
  const record = (stream: "stdout" | "stderr") => (line: string) => {
    output += `${line}\n`;
    options.onLine?.(line, stream);
  };
  createInterface({ input: child.stderr }).on("line", record("stderr"));
  const stdout = createInterface({ input: child.stdout });
  const port = new Promise<string>((resolve) => {
    stdout.once("line", (line) => {
      resolve(line);
      stdout.on("line", record("stdout"));
    });
  });
  const early = ended.then((how) =>
    Promise.reject(new HostError(`${how}\n${output}`, "start", grpc.status.UNAVAILABLE)),
  );
  const address = `127.0.0.1:${await Promise.race([port, early])}`;
  const client = new ResourceProviderClient(address, grpc.credentials.createInsecure());
  early.catch(() => client.close());
  const end = async (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    await ended;
  };
  const host = { pid: child.pid ?? 0, ...calls(client), output: () => output, kill: end, close: () => end("SIGTERM") };
  await host.configure(options.config ?? {});
  return host;
}

type Done<R> = (error: grpc.ServiceError | null, response: R) => void;

function answer<R>(method: string, send: (done: Done<R>) => unknown): Promise<R> {
  return new Promise((resolve, reject) => {
    send((error, response) => (error ? reject(new HostError(error.details, method, error.code)) : resolve(response)));
  });
}

function calls(client: ResourceProviderClient): Omit<Host, "pid" | "output" | "kill" | "close"> {
  return {
    async configure(config) {
      const request = new provider.ConfigureRequest().setArgs(toStruct(config)).setAcceptsecrets(true);
      await answer("configure", (done) => client.configure(request, done));
    },
    async check(olds, news) {
      const request = new provider.CheckRequest().setOlds(toStruct(olds)).setNews(toStruct(news));
      const response = await answer<provider.CheckResponse>("check", (done) => client.check(request, done));
      return { inputs: fromStruct(response.getInputs()), failures: response.toObject().failuresList };
    },
    async diff(id, olds, news) {
      const request = new provider.DiffRequest().setId(id).setOlds(toStruct(olds)).setNews(toStruct(news));
      const response = await answer<provider.DiffResponse>("diff", (done) => client.diff(request, done));
      return {
        changes: [undefined, false, true][response.getChanges()],
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },
    async create(inputs, urn = "") {
      const request = new provider.CreateRequest().setUrn(urn).setProperties(toStruct(inputs));
      const response = await answer<provider.CreateResponse>("create", (done) => client.create(request, done));
      return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
    },
    async read(id, props) {
      const request = new provider.ReadRequest().setId(id).setProperties(toStruct(props));
      const response = await answer<provider.ReadResponse>("read", (done) => client.read(request, done));
      const inputs = response.getInputs();
      return {
        id: response.getId(),
        outputs: fromStruct(response.getProperties()),
        inputs: inputs === undefined ? undefined : fromStruct(inputs),
      };
    },
    async update(id, olds, news, urn = "") {
      const request = new provider.UpdateRequest()
        .setUrn(urn)
        .setId(id)
        .setOlds(toStruct(olds))
        .setNews(toStruct(news));
      const response = await answer<provider.UpdateResponse>("update", (done) => client.update(request, done));
      return fromStruct(response.getProperties());
    },
    async delete(id, props, urn = "") {
      const request = new provider.DeleteRequest().setUrn(urn).setId(id).setProperties(toStruct(props));
      await answer("delete", (done) => client.delete(request, done));
    },
  };
}
