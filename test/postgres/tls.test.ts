import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { createPostgresRegister, openPostgresStore } from "../../provider/store/postgres/postgres-store";
import { initial, rejection, testContext } from "../store/support";
import { TestServer } from "./server";
import { describePostgres, runSql, serverPrograms } from "./support";

/** An authority of its own, in a directory, and what it issued. */
class Authority {
  readonly certificate: string;
  readonly #directory: string;
  readonly #name: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.certificate = this.#path("crt");
    const subject = ["-subj", `/CN=authority ${name}`];
    openssl("req", "-x509", ...KEY, "-keyout", this.#path("key"), "-out", this.certificate, "-days", "2", ...subject);
  }

  /** Returns a certificate and its key, for a server of these names. */
  issue(names: string): { readonly certificate: string; readonly key: string } {
    const [key, certificate] = [this.#path("server.key"), this.#path("server.crt")];
    openssl("req", ...KEY, "-keyout", key, "-out", this.#path("csr"), "-subj", "/CN=server");
    writeFileSync(this.#path("ext"), `subjectAltName=${names}\n`);
    const authority = ["-CA", this.certificate, "-CAkey", this.#path("key"), "-CAcreateserial"];
    const wanted = ["-days", "2", "-extfile", this.#path("ext")];
    openssl("x509", "-req", "-in", this.#path("csr"), ...authority, ...wanted, "-out", certificate);
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  }

  #path(kind: string): string {
    return join(this.#directory, `${this.#name}.${kind}`);
  }
}

const KEY = ["-newkey", "rsa:2048", "-nodes"];

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}

let server: TestServer;
let directory = "";
let ours: Authority;
let theirs: Authority;

/** Returns the URL by this host name with these parameters. */
function url(host: string, parameters: Readonly<Record<string, string>>, user = "ada"): string {
  const query = new URLSearchParams({ schema: "tls", ...parameters });
  return `postgres://${user}@${host}:${server.port}/postgres?${query}`;
}

/** Opens the register and returns whether the server says that the connection is encrypted. */
async function isEncrypted(store: string): Promise<boolean> {
  const opened = await openPostgresStore(store, { ...testContext(), storePassword: "s3cret" });
  onTestFinished(() => opened.close());
  const newest = `select ssl from pg_stat_ssl join pg_stat_activity using (pid)
    where application_name = 'pulumi-macpool' order by backend_start desc limit 1`;
  return server.run("psql", ["-Atc", newest, "postgres"]).trim() === "t";
}

/** Takes away what the environment says of connections. */
function withoutVariables(): void {
  for (const name of ["PGSSLMODE", "PGSSLROOTCERT", "PGPASSWORD"]) vi.stubEnv(name, undefined);
}

/** Returns the error of opening the register. */
async function refusal(store: string) {
  const error = await rejection(openPostgresStore(store, { ...testContext(), storePassword: "s3cret" }));
  expect(error.message).not.toContain("s3cret");
  return error;
}

describePostgres("TLS", () => {
  beforeAll(async () => {
    withoutVariables();
    directory = mkdtempSync(join(tmpdir(), "macpool-tls-"));
    // Where the usual certificates would be.
    vi.stubEnv("HOME", directory);
    ours = new Authority(directory, "ours");
    theirs = new Authority(directory, "theirs");
    const { certificate, key } = ours.issue("DNS:localhost");
    server = await TestServer.start(serverPrograms(), {
      settings: ["ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'"],
      files: { "server.crt": certificate, "server.key": key },
      access: [
        "hostnossl all secure 127.0.0.1/32 reject",
        "hostssl all secure 127.0.0.1/32 scram-sha-256",
        "hostssl all plain 127.0.0.1/32 reject",
      ],
    });
    for (const user of ["ada", "secure", "plain"]) {
      await runSql(`create role ${user} login superuser password 's3cret'`, server.url());
    }
    await createPostgresRegister(url("localhost", {}), initial(), testContext());
  }, 60_000);

  afterAll(async () => {
    vi.unstubAllEnvs();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each([
    ["disable", "127.0.0.1", false],
    ["allow", "127.0.0.1", false],
    ["prefer", "127.0.0.1", true],
    ["require", "127.0.0.1", true],
    ["verify-ca", "127.0.0.1", true],
    ["verify-full", "localhost", true],
  ])("sslmode=%s reaches a server by the name %s, encrypted: %s", async (sslmode, host, expected) => {
    expect(await isEncrypted(url(host, { sslmode, sslrootcert: ours.certificate }))).toBe(expected);
    onTestFinished(withoutVariables);
    vi.stubEnv("PGSSLMODE", sslmode);
    vi.stubEnv("PGSSLROOTCERT", ours.certificate);
    expect(await isEncrypted(url(host, {}))).toBe(expected);
  });

  it("is tried first without any sslmode, and left out for a user who may not come that way", async () => {
    expect(await isEncrypted(url("127.0.0.1", {}))).toBe(true);
    expect(await isEncrypted(url("127.0.0.1", {}, "plain"))).toBe(false);
  });

  it("protects a password as any other connection", async () => {
    expect(
      await isEncrypted(url("localhost", { sslmode: "verify-full", sslrootcert: ours.certificate }, "secure")),
    ).toBe(true);
  });

  it("that the server demands is not left out by sslmode=disable", async () => {
    const error = await refusal(url("127.0.0.1", { sslmode: "disable" }, "secure"));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("sslmode");
  });

  it.each(["require", "verify-ca", "verify-full"])(
    "with sslmode=%s refuses a server of another authority",
    async (sslmode) => {
      const error = await refusal(url("localhost", { sslmode, sslrootcert: theirs.certificate }));
      expect(error.code).toBe("REGISTER_UNUSABLE");
      expect(error.message).toContain("sslrootcert");
    },
  );

  it("with sslmode=verify-full refuses a certificate for another name", async () => {
    const error = await refusal(url("127.0.0.1", { sslmode: "verify-full", sslrootcert: ours.certificate }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("certificate names the host");
  });

  it("with sslmode=verify-full needs to know an authority", async () => {
    const error = await refusal(url("localhost", { sslmode: "verify-full" }));
    expect(error.code).toBe("INVALID_CONFIG");
    expect(error.message).toContain("sslrootcert");
  });
});
