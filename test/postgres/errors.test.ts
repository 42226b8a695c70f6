import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { openRegister } from "../../provider/store/open";
import { createPostgresRegister, openPostgresStore } from "../../provider/store/postgres/postgres-store";
import { lockOf } from "../../provider/store/postgres/schema";
import { initial, Register, rejection, request, TestClock, testContext } from "../store/support";
import { TestServer } from "./server";
import {
  createSchema,
  describePostgres,
  openUrl,
  runSql,
  schemaOf,
  serverPrograms,
  sharedDatabase,
  withClient,
} from "./support";

const SECRET = "s3cret-p@ss:w/rd";

function changed(url: string, change: Partial<URL>): string {
  return Object.assign(new URL(url), change).href;
}

/** Returns the error of opening `url`; nothing of it may show a password. */
async function refusal(url: string, storePassword?: string) {
  const error = await rejection(openPostgresStore(url, { ...testContext(), storePassword }));
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
  return error;
}

describePostgres("a register that cannot be used says what is wrong, where, and what to do", () => {
  it("when nobody listens there", async () => {
    const error = await refusal("postgres://ada@127.0.0.1:1/network");
    expect(error.code).toBe("REGISTER_UNREACHABLE");
    expect(error.message).toContain("network on 127.0.0.1:1, schema macpool");
    expect(error.message).toContain("port");
  });

  it("when there is no such host", async () => {
    expect((await refusal("postgres://ada@no-such-host.invalid/network")).code).toBe("REGISTER_UNREACHABLE");
  });

  it("when whoever listens says nothing", { timeout: 30_000 }, async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void mute.close());
    await once(mute, "listening");
    const address = mute.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const error = await refusal(`postgres://ada@127.0.0.1:${port}/network?sslmode=disable`);
    expect(error.code).toBe("REGISTER_UNREACHABLE");
  });

  it("when there is no such database", async () => {
    const error = await refusal(changed(sharedDatabase(), { pathname: "/nowhere" }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("createdb");
  });

  it("when there is no such user", async () => {
    const error = await refusal(changed(sharedDatabase(), { username: "nobody_here" }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("user");
  });

  it("when the session may not write, as on a standby: previews work, updates do not", async () => {
    const url = await createSchema();
    const role = `standby_${randomUUID().slice(0, 8)}`;
    await runSql(`create role ${role} superuser login`);
    await runSql(`alter role ${role} set default_transaction_read_only = on`);
    onTestFinished(async () => {
      await runSql(`drop role ${role}`);
    });
    const store = await openPostgresStore(changed(url, { username: role }), testContext());
    onTestFinished(() => store.close());
    expect(await store.predict(request())).toMatchObject({ rule: "derive" });
    const error = await rejection(new Register(store, new TestClock()).grant());
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("standby");
  });

  it("when the server demands TLS and has none", async () => {
    const error = await refusal(`${await createSchema()}&sslmode=require`);
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("TLS");
  });

  it("when a lock is held for too long", { timeout: 60_000 }, async () => {
    const url = await createSchema();
    const warnings: string[] = [];
    const register = await openUrl(url, { warnAfter: 10, giveUpAfter: 100 }, warnings);
    await withClient(url, async (client) => {
      await client.query(`select pg_advisory_lock(${lockOf(schemaOf(url), "definitions")})`);
      expect((await rejection(register.grant())).code).toBe("REGISTER_BUSY");
    });
    expect((await register.grant()).rule).toBe("derive");
  });

  it("when its counter was left behind its history, as a restore of a part of it does", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    for (let n = 0; n < 20; n += 1) await register.grant({ owner: `owner ${n}` });
    await runSql("select setval('event_seq', 1)", url);
    const error = await rejection(register.grant({ owner: "next" }));
    expect(error.code).toBe("REGISTER_CORRUPT");
    expect(error.message).toMatch(
      /counter is behind its history.*setval\('event_seq', \(select max\(seq\) from event\)\)/,
    );
    await runSql("select setval('event_seq', (select max(seq) from event))", url);
    expect((await (await openUrl(url)).grant({ owner: "next" })).rule).toBe("derive");
  });

  it("when the URL is not one, without repeating it", async () => {
    for (const url of [
      `postgres://ada:${SECRET}@[db/network`,
      `postgres://ada:x@db/network?password=${SECRET}&sslmod=disable`,
      `postgres://ada:x@db/network?schema=${SECRET}`,
      `postgres://ada:${SECRET}%@db/network`,
    ]) {
      const error = await rejection(openRegister(url, testContext()));
      expect(error.code).toBe("INVALID_CONFIG");
      expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
    }
  });
});

describePostgres("a register in which a fault was found", () => {
  it("is written to no more by whoever found it, and can still be looked at", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const { lease } = await register.grant();
    await runSql(`update lease set seq = 1 where address = ${lease.address}`, url);
    expect((await register.store.verify()).faults.length).toBeGreaterThan(0);
    expect((await rejection(register.grant({ owner: "next" }))).code).toBe("REGISTER_CORRUPT");
    expect(await register.store.find(lease.address)).toMatchObject({ owner: lease.owner });
  });
});

describePostgres("a password", () => {
  let server: TestServer;
  let url = "";

  beforeAll(async () => {
    server = await TestServer.start(serverPrograms(), { access: ["host all ada 127.0.0.1/32 scram-sha-256"] });
    const client = (text: string) => runSql(text, server.url());
    await client(`create role ada login superuser password '${SECRET}'`);
    url = server.url("postgres", "ada");
    await createPostgresRegister(url, initial(), { ...testContext(), storePassword: SECRET });
  }, 60_000);

  afterAll(() => server.stop());

  it("may come with the context, in the URL, or from the environment, and shows nowhere", async () => {
    const encoded = encodeURIComponent(SECRET);
    vi.stubEnv("PGPASSWORD", undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const ways: readonly (readonly [string, string | undefined])[] = [
      [url, SECRET],
      [changed(url, { password: encoded }), undefined],
      [`${url}?password=${encoded}`, undefined],
      [changed(url, { password: "wrong" }), SECRET],
    ];
    for (const [way, storePassword] of ways) {
      const store = await openPostgresStore(way, { ...testContext(), storePassword });
      expect(store.location).not.toContain(SECRET);
      expect((await store.identity()).seq).toBeGreaterThan(0);
      await store.close();
    }
    vi.stubEnv("PGPASSWORD", SECRET);
    await (await openPostgresStore(url, testContext())).close();
  });

  it.each([undefined, ""])(
    "may come from PGPASSFILE, without a warning of the driver's, where PGPASSWORD is %j",
    async (variable) => {
      const file = join(server.directory, "passfile");
      writeFileSync(file, `127.0.0.1:*:*:ada:${SECRET.replaceAll(":", "\\:")}\n`, { mode: 0o600 });
      vi.stubEnv("PGPASSWORD", variable);
      vi.stubEnv("PGPASSFILE", file);
      onTestFinished(() => void vi.unstubAllEnvs());
      const emitted = vi.spyOn(process, "emitWarning");
      onTestFinished(() => emitted.mockRestore());
      await (await openPostgresStore(url, { ...testContext(), storePassword: variable })).close();
      expect(emitted).not.toHaveBeenCalled();
    },
  );

  it("that is wrong or missing is refused, and the message names neither it nor the right one", async () => {
    vi.stubEnv("PGPASSWORD", undefined);
    vi.stubEnv("PGPASSFILE", "/nowhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const password of ["wrong", undefined]) {
      const error = await refusal(url, password);
      expect(error.code).toBe("REGISTER_UNUSABLE");
      expect(error.message).toContain("MACPOOL_STORE_PASSWORD");
    }
  });
});
