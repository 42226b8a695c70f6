// Preloaded into a provider host process by a crash point of the engine double. It lets the provider finish its work
// and ends the process at the moment of the answer: the store has committed, the engine never hears of it.
const { createRequire } = require("node:module");

const { script, method, name } = JSON.parse(process.env.ENGINE_DOUBLE_DIE);
// The host's own copy of grpc, whichever that is.
const { Server } = createRequire(script)("@grpc/grpc-js");

const addService = Server.prototype.addService;
Server.prototype.addService = function (definition, service) {
  const serve = service[method].bind(service);
  service[method] = (call, reply) => {
    const named = call.request.getUrn().split("::").slice(3).join("::") === name;
    serve(call, named ? () => process.kill(process.pid, "SIGKILL") : reply);
  };
  return addService.call(this, definition, service);
};
