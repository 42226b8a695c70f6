#!/usr/bin/env node
import { listenForInterruptions } from "./interruption";
import { run } from "./program";

// Words that nobody hears any more (`2>&1 | head`) are no fault.
process.stderr.on("error", () => undefined);
listenForInterruptions();

void run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
