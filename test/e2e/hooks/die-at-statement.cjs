// Preloaded into a Node process, which dies when it has sent a statement with the given text in it to a PostgreSQL server.
const Module = require("node:module");

const { text } = JSON.parse(process.env.E2E_STATEMENT);

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === "pg" && !loaded.Client.prototype.isWatched) watch(loaded.Client.prototype);
  return loaded;
};

function watch(client) {
  client.isWatched = true;
  const query = client.query;
  let isDying = false;
  client.query = function (statement, ...rest) {
    // Nothing more reaches the server, however fast it was.
    if (isDying) return new Promise(() => {});
    const answer = query.call(this, statement, ...rest);
    isDying = (statement?.text ?? statement).includes?.(text) === true;
    // It leaves in a later turn of the event loop, and shall reach the server.
    if (isDying) setTimeout(() => process.kill(process.pid, "SIGKILL"), 50);
    return answer;
  };
}
