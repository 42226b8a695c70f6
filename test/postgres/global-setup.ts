import type { TestProject } from "vitest/node";
import { isCi } from "../../provider/environment";
import { findServer } from "./binaries";
import { TestServer } from "./server";

declare module "vitest" {
  interface ProvidedContext {
    /** URL and programs of the server that the tests of this run share; undefined when none is installed. */
    postgres: { readonly url: string; readonly bin: string } | undefined;
  }
}

/** Starts the server of this run. Without its programs the tests that need it are skipped, but in CI they fail. */
export default async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const bin = findServer();
  if (bin === undefined) {
    if (isCi()) throw new Error("CI must have a PostgreSQL server: install postgresql (Debian: postgresql-15)");
    console.warn("\n*** No PostgreSQL server is installed: everything about registers in PostgreSQL is SKIPPED. ***\n");
    provide("postgres", undefined);
    return undefined;
  }
  const server = await TestServer.start(bin);
  provide("postgres", { url: server.url(), bin });
  return () => server.stop();
}
