// A Pulumi provider plugin that stands for a hypervisor. It makes whatever it is asked for and gives the inputs back, but
// like a network it does not bear two machines with one address: creating the second one fails. What exists is in the
// file NETWORK_PLUGIN_STATE. The first line on stdout is the port, as the engine wants it (plugin.go of Pulumi).
const { randomUUID } = require("node:crypto");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const grpc = require("@grpc/grpc-js");
const { ResourceProviderService } = require("@pulumi/pulumi/proto/provider_grpc_pb");
const messages = require("@pulumi/pulumi/proto/provider_pb");
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb");

const file = process.env.NETWORK_PLUGIN_STATE;
const things = () => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
const save = (all) => writeFileSync(file, JSON.stringify(all));

/** Returns the addresses anywhere in some inputs, in lower case. */
function addressesIn(inputs) {
  return (
    JSON.stringify(inputs)
      .toLowerCase()
      .match(/(?<=")([0-9a-f]{2}:){5}[0-9a-f]{2}(?=")/g) ?? []
  );
}

function create(type, inputs) {
  const present = Object.values(things()).filter((thing) => thing.type === type);
  const inUse = present.flatMap((thing) => addressesIn(thing.inputs));
  const clash = addressesIn(inputs).find((address) => inUse.includes(address));
  if (clash !== undefined) throw new Error(`the address ${clash} is in use by another ${type}`);
  const id = randomUUID();
  save({ ...things(), [id]: { type, inputs } });
  return id;
}

function remove(id) {
  const { [id]: _gone, ...rest } = things();
  save(rest);
}

const typeOf = (urn) => urn.split("::")[2].split("$").at(-1);
const checked = ({ request }) => new messages.CheckResponse().setInputs(request.getNews());

function diff({ request }) {
  const [olds, news] = [request.getOldInputs(), request.getNews()].map((bag) => JSON.stringify(bag?.toJavaScript()));
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  return new messages.DiffResponse().setChanges(olds === news ? DIFF_NONE : DIFF_SOME);
}

const handlers = {
  getPluginInfo: () => new PluginInfo().setVersion(process.argv[2]),
  checkConfig: checked,
  diffConfig: () => new messages.DiffResponse(),
  configure: () => new messages.ConfigureResponse().setSupportspreview(true),
  check: checked,
  diff,
  create({ request }) {
    const properties = request.getProperties();
    const created = new messages.CreateResponse().setProperties(properties);
    return request.getPreview() ? created : created.setId(create(typeOf(request.getUrn()), properties.toJavaScript()));
  },
  update: ({ request }) => new messages.UpdateResponse().setProperties(request.getNews()),
  delete({ request }) {
    remove(request.getId());
    return new Empty();
  },
  cancel: () => new Empty(),
};

const server = new grpc.Server();
const unary = (handler) => (call, done) => {
  try {
    done(null, handler(call));
  } catch (error) {
    done({ code: grpc.status.UNKNOWN, details: error.message });
  }
};
server.addService(
  ResourceProviderService,
  Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, unary(handler)])),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
