import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { quantile } from "./report";

const WRITES = 200;

/** Prints what the figures depend on as a JSON line: processor, load, versions, and how long the disk takes to be sure. */
export function printMachine(): void {
  const times = fsyncTimes();
  const micros = (part: number) => Math.round(1000 * quantile(times, part));
  const database = new Database(":memory:");
  console.log(
    JSON.stringify({
      machine: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      load: loadavg().map((value) => Number(value.toFixed(1))),
      kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
      node: process.version,
      sqlite: database.prepare("select sqlite_version()").pluck().get(),
      directory: tmpdir(),
      fileSystem: `0x${statfsSync(tmpdir()).type.toString(16)}`,
      fsyncMicroseconds: { p50: micros(0.5), p99: micros(0.99) },
    }),
  );
  database.close();
}

function fsyncTimes(): readonly number[] {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const file = openSync(join(directory, "fsync"), "w");
  const page = Buffer.alloc(4096);
  const times = Array.from({ length: WRITES }, () => {
    writeSync(file, page);
    const start = performance.now();
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(directory, { recursive: true, force: true });
  return times;
}
