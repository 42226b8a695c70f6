import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** How a server is set up beyond what every test needs. */
export interface ServerOptions {
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
  /** Lines of pg_hba.conf that come before the usual ones. */
  readonly access?: readonly string[];
  /** Files of the server's directory, by name, that only it may read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Variables of the server's own environment, besides those of this process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A user of this machine whom a server may run as; it refuses root. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Where a server's programs and its own files are, and where it listens. */
type Place = Pick<TestServer, "bin" | "directory" | "port">;

/** The superuser of every test server; from loopback nobody is asked for a password unless `access` says so. */
const SUPERUSER = "macpool_test";

/**
 * A real PostgreSQL server in a temporary directory, on loopback and a free port, with fsync on as in use. It ends by
 * {@link TestServer.stop}; its programs are those in `bin`.
 */
export class TestServer {
  readonly port: number;
  readonly bin: string;
  readonly directory: string;
  readonly #user: User | undefined;
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  private constructor(place: Place, user: User | undefined, environment: NodeJS.ProcessEnv) {
    const { bin, directory, port } = place;
    this.bin = bin;
    this.directory = directory;
    this.port = port;
    this.#user = user;
    this.#environment = environment;
  }

  /** Makes a server and starts it. */
  static async start(bin: string, options: ServerOptions = {}): Promise<TestServer> {
    return TestServer.#make(bin, (server) => server.#initialise(options), options.environment);
  }

  /** Makes a standby of `primary`, which it follows at `port` of this machine, and starts it. */
  static async follow(primary: TestServer, port = primary.port): Promise<TestServer> {
    return TestServer.#make(primary.bin, (server) => {
      const from = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", SUPERUSER];
      server.run("pg_basebackup", [
        "-D",
        server.data,
        ...from,
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--no-sync",
      ]);
      server.#configure("postgresql.conf", [`port = ${server.port}`]);
      const leader = `primary_conninfo = 'host=127.0.0.1 port=${port} user=${SUPERUSER}'`;
      server.#configure("postgresql.auto.conf", [leader, "wal_retrieve_retry_interval = 200"]);
    });
  }

  static async #make(
    bin: string,
    fill: (server: TestServer) => void,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<TestServer> {
    const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-postgres-")));
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    const server = new TestServer({ bin, directory, port: await freePort() }, user, environment);
    try {
      fill(server);
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Returns the URL of a database of this server, for its superuser unless told otherwise. */
  url(database = "postgres", user = SUPERUSER): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** The server's own directory. */
  get data(): string {
    return join(this.directory, "data");
  }

  /** What it wrote to its log. */
  get log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  /** The id of the server's main process; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the server, after it was ended if it runs, and waits until it takes connections. */
  async restart(how: NodeJS.Signals = "SIGINT"): Promise<void> {
    await this.end(how);
    const log = join(this.directory, "log");
    const out = ["sh", "-c", `exec "$0" "$@" >>"${log}" 2>&1`, join(this.bin, "postgres"), "-D", this.data];
    const [command = "", ...rest] = out;
    const env = { ...process.env, ...this.#environment };
    const child = spawn(command, rest, { cwd: this.directory, stdio: "ignore", env, ...this.#user });
    this.#process = child;
    await this.#ready(child);
  }

  /** Ends the server: SIGINT as by an operator, SIGQUIT without writing anything any more. */
  async end(how: NodeJS.Signals = "SIGINT"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, "exit");
    child.kill(how);
    await over;
  }

  /** Makes a standby a primary. */
  promote(): void {
    this.run("pg_ctl", ["promote", "-w", "-D", this.data]);
  }

  /** Ends the server and removes all that it had. */
  async stop(): Promise<void> {
    await this.end("SIGQUIT");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs one of the server's programs as its superuser and returns what it prints. */
  run(program: string, args: readonly string[]): string {
    const environment = {
      PATH: process.env["PATH"],
      PGHOST: "127.0.0.1",
      PGPORT: String(this.port),
      PGUSER: SUPERUSER,
    };
    return execFileSync(join(this.bin, program), args, {
      encoding: "utf8",
      cwd: this.directory,
      env: environment,
      ...this.#user,
    });
  }

  #initialise({ settings = [], access = [], files = {} }: ServerOptions): void {
    this.run("initdb", ["-D", this.data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    const port = [`port = ${this.port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''"];
    // Small, so that several servers fit on one machine.
    const usual = ["shared_buffers = 64MB", "max_connections = 120", "fsync = on", "log_min_messages = warning"];
    this.#configure("postgresql.conf", [...port, ...usual, ...settings]);
    for (const [name, content] of Object.entries(files)) this.#add(name, content);
    if (access.length === 0) return;
    const hba = join(this.data, "pg_hba.conf");
    const before = readFileSync(hba, "utf8");
    rmSync(hba);
    this.#add("pg_hba.conf", `${access.join("\n")}\n${before}`);
  }

  #add(name: string, content: string): void {
    const path = join(this.data, name);
    writeFileSync(path, content, { mode: 0o600 });
    if (this.#user !== undefined) chownSync(path, this.#user.uid, this.#user.gid);
  }

  /** What comes last in a file of settings holds. */
  #configure(file: string, settings: readonly string[]): void {
    appendFileSync(join(this.data, file), `\n${settings.join("\n")}\n`);
  }

  async #ready(child: ChildProcess): Promise<void> {
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL did not start: ${this.log}`);
      if (this.#isReady()) return;
      await pause(50);
    }
    throw new Error(`PostgreSQL was not ready after 30 s: ${this.log}`);
  }

  /** The server notes its state in the last line of this file. */
  #isReady(): boolean {
    try {
      return /\n(ready|standby) *\n?$/.test(readFileSync(join(this.data, "postmaster.pid"), "utf8"));
    } catch {
      return false;
    }
  }
}

function unprivilegedUser(): User {
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (kind: string) => Number(execFileSync("id", [kind, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // The next one, then.
    }
  }
  throw new Error("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody");
}

/** Returns a port that nobody listens on just now. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("a listening socket has a port");
  return address.port;
}
