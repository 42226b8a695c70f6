import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as monitor from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { fromStruct, type Properties, toStruct } from "../host/harness";
import { limiter } from "./limiter";
import type { Diagnostic, Pass } from "./pass";
import { apply, type Goal, plan, read } from "./steps";
import { createUrn, isProviderType, STACK_TYPE, typeOf } from "./urn";

/** The two gRPC services that a running program talks to. */
export interface Monitor {
  /** `host:port`. */
  readonly address: string;
  /** Records what the program exported; after a failure, what it did not get to export stays as it was. */
  recordStackOutputs(): void;
  close(): void;
}

const features = ["secrets", "resourceReferences", "outputValues", "aliasSpecs"];
const severities: readonly (Diagnostic["severity"] | undefined)[] = [undefined, "info", "warning", "error"];

type Handler<Q, R> = (request: Q) => R | Promise<R>;

function unary<Q, R>(handler: Handler<Q, R>): grpc.handleUnaryCall<Q, R> {
  return (call, done) => {
    new Promise<R>((resolve) => resolve(handler(call.request))).then(
      (response) => done(null, response),
      // The SDK takes this status for the end of the deployment and stops quietly; the pass has the true reason.
      (error: Error) => done({ code: grpc.status.UNAVAILABLE, details: error.message }),
    );
  };
}

/** Serves a pass to a program. `defaultConfig` is what the default provider is configured with. */
export async function serveMonitor(
  pass: Pass,
  defaultConfig: Properties,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Promise<Monitor> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 1024 * 1024 * 400 });
  let stackOutputs: { urn: string; outputs: Properties } | undefined;
  server.addService(ResourceMonitorService, {
    ...registrations(pass, defaultConfig),
    supportsFeature: unary((request: monitor.SupportsFeatureRequest) =>
      new monitor.SupportsFeatureResponse().setHassupport(features.includes(request.getId())),
    ),
    registerResourceOutputs: unary((request: monitor.RegisterResourceOutputsRequest) => {
      const [urn, outputs] = [request.getUrn(), fromStruct(request.getOutputs())];
      // The stack's outputs count only when the whole deployment went well, so they wait for the end.
      if (typeOf(urn) === STACK_TYPE) stackOutputs = { urn, outputs };
      else pass.snapshot.setOutputs(urn, outputs);
      return new Empty();
    }),
    invoke: unary((request: monitor.ResourceInvokeRequest) => getResource(pass, request)),
    signalAndWaitForShutdown: unary(() => new Empty()),
  });
  server.addService(EngineService, engineService(onDiagnostic));
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, found: number) => (error ? reject(error) : resolve(found));
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), bound);
  });
  const recordStackOutputs = () => {
    if (stackOutputs === undefined) return;
    const { urn, outputs } = stackOutputs;
    const before = pass.failure === undefined ? {} : pass.snapshot.old(urn)?.outputs;
    pass.snapshot.setOutputs(urn, { ...before, ...outputs });
  };
  return { address: `127.0.0.1:${port}`, recordStackOutputs, close: () => server.forceShutdown() };
}

function engineService(onDiagnostic: (diagnostic: Diagnostic) => void): grpc.UntypedServiceImplementation {
  let root = "";
  return {
    log: unary((request: engine.LogRequest) => {
      const [severity, message, urn] = [severities[request.getSeverity()], request.getMessage(), request.getUrn()];
      if (severity !== undefined) onDiagnostic({ severity, message, ...(urn === "" ? {} : { urn }) });
      return new Empty();
    }),
    getRootResource: unary(() => new engine.GetRootResourceResponse().setUrn(root)),
    setRootResource: unary((request: engine.SetRootResourceRequest) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    }),
  };
}

function registrations(pass: Pass, defaultConfig: Properties): grpc.UntypedServiceImplementation {
  // Like the engine's step generator: check and diff of one resource at a time, in the order of registration.
  const oneAtATime = limiter(1);
  const register = async (goal: Goal) => {
    const urn = createUrn(pass.where, goal.type, goal.name, goal.parent);
    const step = await oneAtATime(() => pass.attempt(urn, () => plan(pass, goal)));
    return pass.run(step.urn, () => apply(pass, step));
  };
  const defaults = new Map<string, Promise<string>>();
  const providerFor = (type: string, asked: string) => {
    if (asked !== "") return Promise.resolve(asked);
    const providerType = `pulumi:providers:${type.split(":")[0]}`;
    const known = defaults.get(providerType);
    if (known !== undefined) return known;
    const made = register(defaultProvider(providerType, defaultConfig));
    const reference = made.then((resource) => `${resource.urn}::${resource.id}`);
    defaults.set(providerType, reference);
    return reference;
  };
  return {
    registerResource: unary(async (request: monitor.RegisterResourceRequest) => {
      if (request.getRemote()) throw pass.fail(new Error("remote components are not supported by the engine double"));
      if (request.getImportid()) throw pass.fail(new Error("the import option is not supported by the engine double"));
      const needsProvider = request.getCustom() && !isProviderType(request.getType());
      const provider = needsProvider ? await providerFor(request.getType(), request.getProvider()) : "";
      const resource = await register(goalOf(request, provider));
      // A component gets no old outputs back: they may refer to resources that are not registered yet.
      const outputs = resource.custom ? resource.outputs : {};
      return new monitor.RegisterResourceResponse()
        .setUrn(resource.urn)
        .setId(resource.id)
        .setObject(toStruct(outputs));
    }),
    readResource: unary(async (request: monitor.ReadResourceRequest) => {
      const provider = await providerFor(request.getType(), request.getProvider());
      const goal = {
        ...identityOf(request),
        provider,
        inputs: fromStruct(request.getProperties()),
        id: request.getId(),
      };
      const resource = await pass.run(goal.name, () => read(pass, goal));
      return new monitor.ReadResourceResponse().setUrn(resource.urn).setProperties(toStruct(resource.outputs));
    }),
  };
}

function identityOf(request: monitor.RegisterResourceRequest | monitor.ReadResourceRequest) {
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    dependencies: request.getDependenciesList(),
  };
}

function goalOf(request: monitor.RegisterResourceRequest, provider: string): Goal {
  const saysWhen = request.getDeletebeforereplacedefined() || request.getDeletebeforereplace();
  return {
    ...identityOf(request),
    provider,
    custom: request.getCustom(),
    inputs: fromStruct(request.getObject()),
    aliases: request.getAliasesList(),
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    protect: request.getProtect() === true,
    retainOnDelete: request.getRetainondelete() === true,
    deleteBeforeReplace: saysWhen ? request.getDeletebeforereplace() : undefined,
  };
}

function defaultProvider(type: string, inputs: Properties): Goal {
  return {
    type,
    name: "default",
    custom: true,
    parent: "",
    inputs,
    dependencies: [],
    provider: "",
    aliases: [],
    ignoreChanges: [],
    additionalSecretOutputs: [],
    protect: false,
    retainOnDelete: false,
    deleteBeforeReplace: undefined,
  };
}

/** Serves the one invoke that the SDK itself makes, when a value holds a reference to a resource. */
function getResource(pass: Pass, request: monitor.ResourceInvokeRequest): InvokeResponse {
  if (request.getTok() !== "pulumi:pulumi:getResource")
    throw pass.fail(new Error(`unknown function ${request.getTok()}`));
  const urn = fromStruct(request.getArgs())["urn"];
  const found = pass.snapshot.resources().find((resource) => resource.urn === urn);
  if (found === undefined) throw pass.fail(new Error(`unknown resource ${urn}`));
  const state = { urn: found.urn, id: found.id, state: found.outputs };
  return new InvokeResponse().setReturn(toStruct(state));
}
