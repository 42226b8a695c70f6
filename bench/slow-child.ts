/**
 * Prints, as JSON, the times for the options in its first argument; started under the slow disk's environment.
 *
 * @module
 */
import { durableTimes } from "./contestants";

async function main(): Promise<void> {
  console.log(JSON.stringify(await durableTimes(JSON.parse(process.argv[2] ?? "{}"))));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
