// Preloaded into every Node process of a deployment. Where a register is opened, which only the provider process does,
// it waits for the commit of the transaction that creates, updates or deletes the given NIC. Before it, after it or after
// the answer to it the process dies, hangs, or says so and goes on when what it said is removed.
const { existsSync, writeFileSync } = require("node:fs");
const Module = require("node:module");

const { nic, change, moment, act, marker } = JSON.parse(process.env.E2E_FAULT);

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === "better-sqlite3") once(loaded.prototype, watchCommits);
  if (request === "pg") once(loaded.Client.prototype, watchQueries);
  if (request === "@grpc/grpc-js" && moment === "after the reply") once(loaded.Server.prototype, watchReplies);
  return loaded;
};

function once(prototype, watch) {
  if (prototype.isWatched) return;
  prototype.isWatched = true;
  watch(prototype);
}

function watchCommits(database) {
  const prepare = database.prepare;
  let isDue = false;
  database.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    const run = statement.run.bind(statement);
    if (/^insert into lease /.test(sql)) {
      statement.run = (...values) => {
        const [, , kind, , , owner] = values;
        // Its scope stands apart.
        isDue ||= isOurs(kind, `/${owner}`);
        return run(...values);
      };
    }
    if (sql === "commit") {
      statement.run = () => {
        if (isDue && moment === "before the commit") strike();
        run();
        if (isDue && moment === "after the commit") strike();
      };
    }
    return statement;
  };
}

/** A group is one statement, which is a transaction by itself and may find that it cannot write. */
function watchQueries(client) {
  const query = client.query;
  client.query = function (statement, ...rest) {
    const answer = () => query.call(this, statement, ...rest);
    if (!writesOurs(statement)) return answer();
    if (moment === "before the commit") strike();
    return answer().then((result) => {
      const [row] = result.rows;
      if (moment === "after the commit" && row !== undefined && row.holds !== false) strike();
      return result;
    });
  };
}

/** Kinds and owners stand at one place in the statement for everything, at another in those that only grant. */
function writesOurs({ name = "", values = [] } = {}) {
  if (!name.startsWith("macpool-apply")) return false;
  const [kinds, owners] = name === "macpool-apply" ? [values[11], values[14]] : [values[8], values[10]];
  return [kinds].flat().some((kind, index) => isOurs(kind, [owners].flat()[index]));
}

const KINDS = new Set(
  ["keep", "claim", "adopt", "reclaim", "derive", "sequence", "reuse", "update", "release", "recover", "init"].concat([
    "create-pool",
    "update-pool",
    "delete-pool",
    "reserve",
    "unreserve",
  ]),
);

function isOurs(kind, owner) {
  // Else a fault would be waited for that never comes, once the values of a statement have other places.
  if (!KINDS.has(kind) || typeof owner !== "string") {
    throw new Error(`fault.cjs finds no event in the values of a statement: ${kind}, ${owner}`);
  }
  return owner.endsWith(`/${nic}`) && changeOf(kind) === change;
}

function changeOf(kind) {
  if (kind === "release") return "delete";
  return kind === "update" ? "update" : "create";
}

/** Of all answers that are due at that time, only the one about the NIC is given. */
function watchReplies(server) {
  const addService = server.addService;
  server.addService = function (definition, service) {
    const serve = service[change]?.bind(service);
    if (serve !== undefined) {
      service[change] = (call, reply) => {
        const answer = (...response) => {
          reply(...response);
          // It leaves in a later turn of the event loop, and shall reach the engine.
          setTimeout(strike, 100);
        };
        serve(call, call.request.getUrn().endsWith(`::${nic}`) ? answer : () => {});
      };
    }
    return addService.call(this, definition, service);
  };
}

function strike() {
  if (marker !== undefined) writeFileSync(marker, "");
  const never = new Int32Array(new SharedArrayBuffer(4));
  if (act === "wait") {
    while (existsSync(marker)) Atomics.wait(never, 0, 0, 10);
    return;
  }
  if (act === "die") process.kill(process.pid, "SIGKILL");
  // The signal takes a moment; nothing may happen in it.
  Atomics.wait(never, 0, 0);
}
