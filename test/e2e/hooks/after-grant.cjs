// Preloaded into every Node process of a deployment. Where a register is opened, which only the provider process does,
// it waits for the commit of a transaction that wrote a lease for the given NIC; then the process dies, or hangs.
const { writeFileSync } = require("node:fs");
const Module = require("node:module");

const { nic, marker } = JSON.parse(process.env.E2E_AFTER_GRANT);
const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === "better-sqlite3") watch(loaded.prototype);
  return loaded;
};

function watch(database) {
  if (database.isWatched) return;
  database.isWatched = true;
  const prepare = database.prepare;
  let granted = false;
  database.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    const run = statement.run.bind(statement);
    if (/^insert into lease /.test(sql)) {
      statement.run = (lease) => {
        granted ||= lease.releasedAt === null && lease.owner.endsWith(`/${nic}`);
        return run(lease);
      };
    }
    if (sql === "commit") {
      statement.run = () => {
        run();
        if (granted) stop();
      };
    }
    return statement;
  };
}

function stop() {
  if (marker === undefined) process.kill(process.pid, "SIGKILL");
  else writeFileSync(marker, "");
  // The signal takes a moment; nothing may happen in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
