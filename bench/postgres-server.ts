import { findServer } from "../test/postgres/binaries";
import { TestServer } from "../test/postgres/server";

/** Room for what is measured, so that checkpoints and a small cache are not. */
const SETTINGS = [
  "shared_buffers = 512MB",
  "max_wal_size = 8GB",
  "checkpoint_timeout = 30min",
  "max_connections = 200",
];

/**
 * Lends the URL of a database to `work` and returns what that returns: `given`, or one of a server that is started in a
 * temporary directory, with `environment` besides. Returns undefined, loudly, where no server is installed.
 */
export async function withServer<T>(
  given: string | undefined,
  work: (url: string) => Promise<T>,
  environment: NodeJS.ProcessEnv = {},
): Promise<T | undefined> {
  if (given !== undefined) return work(given);
  const bin = findServer();
  if (bin === undefined) {
    console.error(
      "SKIPPED: figures of PostgreSQL need its server (Debian: apt-get install postgresql), or --postgres URL.",
    );
    return undefined;
  }
  const server = await TestServer.start(bin, { settings: SETTINGS, environment });
  try {
    return await work(server.url());
  } finally {
    await server.stop();
  }
}
