#!/usr/bin/env node
import { run } from "./program";

// A reader that has seen enough (`| head`) is no fault of ours or of the user's.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

void run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
