import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { lockOf } from "../../provider/store/postgres/schema";
import { temporaryDirectory } from "../store/support";
import { TestServer } from "./server";
import { describePostgres, openUrl, runSql, serverPrograms, withClient } from "./support";

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

/** Runs the page's queries as the role that it names for them, while somebody waits and a standby follows. */
async function answers(server: TestServer): Promise<void> {
  const standby = await TestServer.follow(server);
  onTestFinished(() => standby.stop());
  const application = await openUrl(server.url("registers", "macpool_app"));
  await application.release((await application.grant({ owner: "gone", pool: "default" })).lease);
  const found = await withClient(server.url("registers"), async (holder) => {
    await holder.query(`select pg_advisory_lock(${lockOf("macpool", "definitions")})`);
    const waiting = application.grant({ owner: "next", pool: "default" });
    const asked = "select from pg_stat_activity where wait_event = 'advisory'";
    while ((await runSql(asked, server.url())).length === 0) await pause(20);
    const rows = await withClient(server.url("registers", "macpool_reader"), async (reader) => {
      await reader.query("set search_path = macpool");
      const all: unknown[][] = [];
      for (const query of blocks("sql")) all.push((await reader.query(query)).rows);
      return all;
    });
    await holder.query("select pg_advisory_unlock_all()");
    await waiting;
    return rows;
  });
  expect(found).toHaveLength(5);
  const [pools, waits, sizes, standbys, events] = found;
  expect(pools).toEqual([
    { name: "default", live: "1", released: "1" },
    { name: "lab", live: "0", released: "0" },
  ]);
  expect(waits).toMatchObject([{ usename: "macpool_app", wait_event_type: "Lock", wait_event: "advisory" }]);
  expect(sizes).toContainEqual({ relname: "lease", size: expect.stringMatching(/kB$/) });
  expect(standbys).toMatchObject([{ sync_state: "async", bytes_behind: expect.stringMatching(/^\d+$/) }]);
  expect(events).toContainEqual(expect.objectContaining({ kind: "release", count: "1" }));
}

describePostgres("the page for operators", () => {
  it("has commands that work one after the other, and queries that answer, for the roles that it names", {
    timeout: 240_000,
  }, async () => {
    const server = await TestServer.start(serverPrograms());
    onTestFinished(() => server.stop());
    const { host, port, username } = new URL(server.url());
    const cwd = temporaryDirectory();
    // Programs of the server are its superuser's; whatever has a URL is of the role that is in it.
    const environment = {
      PGHOST: "127.0.0.1",
      PGPORT: port,
      PGUSER: username,
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
    await answers(server);
    for (const database of ["registers", "restored"]) {
      const owners = await runSql(
        `select distinct pg_get_userbyid(relowner) as name from pg_class where relnamespace = 'macpool'::regnamespace`,
        server.url(database),
      );
      expect(owners).toEqual([{ name: "owner" }]);
    }
  });
});
