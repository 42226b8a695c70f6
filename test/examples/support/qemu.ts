import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { own } from "../../engine/child";

/** A NIC as QEMU has it. */
export interface QemuNic {
  /** The id of the `-netdev` that it is connected to. */
  readonly netdev: string;
  /** The kind of that backend: `user` or `tap`. */
  readonly backend: string;
  /** Its address, by the network layer of QEMU. */
  readonly mac: string;
}

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

/**
 * Starts a QEMU, lets `work` look at it, and ends it.
 *
 * @param command A shell command to which options of QEMU can be added at its end.
 * @throws Error with what QEMU printed, when it ends by itself.
 */
export async function withQemu<T>(
  command: string,
  env: NodeJS.ProcessEnv,
  work: (qemu: Qemu) => Promise<T>,
): Promise<T> {
  const qemu = new Qemu(command, env);
  try {
    await qemu.greet();
    return await work(qemu);
  } finally {
    await qemu.end();
  }
}

/**
 * A real QEMU, started by a shell command that ends in QEMU's own options and asked over QMP, which it speaks on its
 * standard streams (docs/interop/qmp-intro in QEMU's sources). Its guest never runs: `-S`.
 */
class Qemu {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<string>;
  readonly #replies: AsyncIterator<string>;
  #errors = "";

  constructor(command: string, env: NodeJS.ProcessEnv) {
    const line = `${command} -S -qmp stdio`;
    this.#child = spawn("sh", ["-c", `exec ${line}`], { env: { ...process.env, ...env } });
    this.#ended = own(this.#child);
    this.#replies = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    // Writing to a QEMU that ended already; what it said is reported when its reply is missed.
    this.#child.stdin.on("error", () => {});
  }

  /** Waits until it speaks. */
  async greet(): Promise<void> {
    await this.#next();
    await this.ask("qmp_capabilities");
  }

  /** Returns the answer to a QMP command. @throws Error when QEMU refuses it. */
  async ask(execute: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    let reply = await this.#next();
    while (reply.event !== undefined) reply = await this.#next();
    if (reply.error !== undefined) throw new Error(`QEMU refused ${execute}: ${reply.error.desc}`);
    return reply.return;
  }

  /** Returns its NICs, by the names of their netdevs. */
  async nics(): Promise<QemuNic[]> {
    const shown = String(await this.ask("human-monitor-command", { "command-line": "info network" }));
    const pattern = /type=nic,model=[^,]*,macaddr=([0-9a-f:]{17})\s*\\ (\w+): index=0,type=(\w+)/g;
    const nics = [...shown.matchAll(pattern)].map(([, mac = "", netdev = "", backend = ""]) => ({
      netdev,
      backend,
      mac,
    }));
    return nics.sort((a, b) => (a.netdev < b.netdev ? -1 : 1));
  }

  /** Returns the addresses that its NICs accept frames for, sorted: the device models' own word. */
  async filters(): Promise<string[]> {
    const filters = await this.ask("query-rx-filter");
    if (!Array.isArray(filters)) throw new Error("QEMU answered query-rx-filter with no list");
    return filters.map((filter: { readonly "main-mac": string }) => filter["main-mac"]).sort();
  }

  /** Ends it, whatever it is doing. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #next(): Promise<Reply> {
    const { value, done } = await this.#replies.next();
    if (done === true) throw new Error(`QEMU ended (${await this.#ended}): ${this.#errors}`);
    return JSON.parse(value);
  }
}
