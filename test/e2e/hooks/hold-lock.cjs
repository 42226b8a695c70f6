// Holds the lock of a register, as a process does in the middle of a change, and lets go of it when it is continued
// after a stop.
const Database = require("better-sqlite3");

const database = new Database(process.argv[2], { fileMustExist: true });
database.exec("begin immediate");
process.once("SIGCONT", () => {
  database.exec("rollback");
  database.close();
  process.exit();
});
setInterval(() => {}, 60_000);
console.log("held");
