import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../store/support";
import { TestServer } from "./server";
import { createSchema, describePostgres, openUrl, runSql, serverPrograms, withClient } from "./support";

const ROOT = join(__dirname, "..", "..");
const PAGE = readFileSync(join(ROOT, "docs", "postgresql.md"), "utf8");
const LOST = "42:00:00:00:00:aa";

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

/** A lease that a stack has and the restored register lacks, as `pulumi stack export` has it. */
function stackWith(storeId: string, address: string): string {
  const type = "pulumi-nodejs:dynamic/macpool:MacAddress";
  const owner = "acme/web/dev/lost";
  const outputs = { address, token: "T", storeId, seq: 9, owner, installation: "i", rotation: "", pool: "default" };
  const resources = [{ urn: `urn:pulumi:dev::web::${type}::lost`, type, id: address, custom: true, outputs }];
  const manifest = { time: "2026-01-01T12:00:00Z", magic: "", version: "v3.260.0" };
  return JSON.stringify({ version: 3, deployment: { manifest, resources } });
}

describePostgres("the page for operators", () => {
  it("has commands that work for the roles that it names, one after the other", { timeout: 240_000 }, async () => {
    const server = await TestServer.start(serverPrograms());
    onTestFinished(() => server.stop());
    const { host, port, username } = new URL(server.url());
    const cwd = temporaryDirectory();
    // Programs of the server are its superuser's; whatever has a URL is of the role that is in it.
    const environment = {
      ...{ PGHOST: "127.0.0.1", PGPORT: port, PGUSER: username },
      PATH: [commands(), server.bin, process.env["PATH"]].join(delimiter),
      // In the package as it is published files stand where they stand here.
      ROLES_SQL: join(ROOT, /node_modules\/pulumi-macpool\/(\S+roles\.sql)/.exec(PAGE)?.[1] ?? ""),
    };
    let said = "";
    for (const block of blocks("sh").map((text) => text.replaceAll("db.example.com", host))) {
      if (!block.includes("macpool reconcile")) {
        said += execFileSync("sh", ["-ec", block], { cwd, encoding: "utf8", env: { ...process.env, ...environment } });
        continue;
      }
      const [row] = await runSql("select store_id from macpool.register", server.url("restored"));
      writeFileSync(join(cwd, "dev.json"), stackWith(row?.store_id, LOST));
      // The first of them ends with 1, as there is something to put back; the last does not.
      said += execFileSync("sh", ["-c", block], { cwd, encoding: "utf8", env: { ...process.env, ...environment } });
    }
    expect(
      blocks("sh")
        .join("")
        .match(/^macpool /gm),
    ).toHaveLength(9);
    expect(said).toContain("acme/web/prod/vm-nic0");
    expect(said).toContain('macpool_pool_addresses{pool="default",state="live"} 1');
    const restored = server.url("restored", "macpool_app");
    expect(
      (await runSql("select owner from macpool.lease order by owner", restored)).map(({ owner }) => owner),
    ).toEqual([...["acme/web/dev/lost", "acme/web/prod/vm-nic0"]]);
    for (const database of ["registers", "restored"]) {
      const owners = await runSql(
        `select distinct pg_get_userbyid(relowner) as name from pg_class where relnamespace = 'macpool'::regnamespace`,
        server.url(database),
      );
      expect(owners).toEqual([{ name: "owner" }]);
    }
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
