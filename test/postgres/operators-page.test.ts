import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../store/support";
import { TestServer } from "./server";
import { createSchema, describePostgres, openUrl, serverPrograms, withClient } from "./support";

const ROOT = join(__dirname, "..", "..");
const PAGE = readFileSync(join(ROOT, "docs", "postgresql.md"), "utf8");

function blocks(language: string): readonly string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1] ?? "");
}

/** Returns a directory with a command `macpool` that runs our sources. */
function commands(): string {
  const directory = temporaryDirectory();
  const path = join(directory, "macpool");
  writeFileSync(
    path,
    `#!/bin/sh\nexec "${join(ROOT, "node_modules", ".bin", "tsx")}" "${join(ROOT, "cli", "main.ts")}" "$@"\n`,
  );
  chmodSync(path, 0o755);
  return directory;
}

describePostgres("the page for operators", () => {
  it("has commands that work, one after the other", { timeout: 180_000 }, async () => {
    const server = await TestServer.start(serverPrograms());
    onTestFinished(() => server.stop());
    const { host, port, username } = new URL(server.url());
    const directory = temporaryDirectory();
    const stack = { version: 3, deployment: { manifest: {}, resources: [] } };
    writeFileSync(join(directory, "dev.json"), JSON.stringify(stack));
    const script = blocks("sh").join("").replaceAll("owner@db.example.com", `${username}@${host}`);
    const environment = {
      ...{ PGHOST: "127.0.0.1", PGPORT: port, PGUSER: username },
      PATH: [commands(), server.bin, process.env["PATH"]].join(delimiter),
      // In the package as it is published files stand where they stand here.
      ROLES_SQL: join(ROOT, /node_modules\/pulumi-macpool\/(\S+roles\.sql)/.exec(PAGE)?.[1] ?? ""),
    };
    const said = execFileSync("sh", ["-ec", script.replaceAll("db.example.com", host)], {
      ...{ cwd: directory, encoding: "utf8", env: { ...process.env, ...environment } },
    });
    expect(script.match(/^macpool /gm)).toHaveLength(9);
    expect(said).toContain("acme/web/prod/vm-nic0");
    expect(said).toContain('macpool_pool_addresses{pool="default",state="live"} 1');
  });

  it("has queries that answer", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    await register.release((await register.grant({ owner: "gone" })).lease);
    await register.grant();
    const answers = await withClient(url, async (client) => {
      const found: unknown[][] = [];
      for (const query of blocks("sql")) found.push((await client.query(query)).rows);
      return found;
    });
    expect(answers).toHaveLength(5);
    expect(answers[0]).toContainEqual({ name: "big", live: "1", released: "1" });
    expect(answers[2]).toContainEqual({ relname: "lease", size: expect.stringMatching(/kB$/) });
  });
});
