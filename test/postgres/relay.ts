import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { hideProcess, withoutSettings } from "./pooler";

/** When a connection is cut: before the server gets what is asked, or after it did it and before anybody hears of it. */
export type Cut = "request" | "reply";

/** Stands between clients and a server, and cuts connections when told to. It ends with the test. */
export class Relay {
  /** How many connections were cut. */
  cuts = 0;
  /** How many times the server had answered all it was asked, logins included; counted only without TLS. */
  roundTrips = 0;
  /** How many of those after the server did what was asked. */
  lostReplies = 0;
  /** The port of the server that new connections are led to. */
  target: number;
  /** The relay's own port. */
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<() => void>();
  #next:
    | { readonly cut: Cut; readonly text: string; skip: number; readonly meanwhile: () => Promise<void> }
    | undefined;
  readonly #isPooler: boolean;
  /** Nobody connects before it is over. */
  #gate: Promise<void> = Promise.resolve();

  private constructor(target: number, isPooler: boolean) {
    this.target = target;
    this.#isPooler = isPooler;
    this.#server = createServer({ pauseOnConnect: true }, async (client) => {
      await this.#gate;
      this.#join(client, connect(this.target, "127.0.0.1"));
    });
  }

  /**
   * Starts one for the server that a URL names, and returns it with the URL to use instead. As a pooler it drops what
   * clients set at login, and does not tell them the server's process.
   */
  static async before(url: string, isPooler = false): Promise<{ readonly relay: Relay; readonly url: string }> {
    const relay = new Relay(Number(new URL(url).port), isPooler);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    onTestFinished(() => relay.#end());
    const address = relay.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("a listening socket has a port");
    relay.port = address.port;
    return { relay, url: Object.assign(new URL(url), { port: String(relay.port) }).href };
  }

  /**
   * Cuts the next connection whose client says something that holds `text`, but for the first `skip` times; who connects
   * again waits until `meanwhile` is over.
   */
  cutNext(cut: Cut, text: string, skip = 0, meanwhile: () => Promise<void> = async () => {}): void {
    this.#next = { cut, text, skip, meanwhile };
  }

  /** Cuts one connection at once, whatever it is doing; `which` is from 0 up to 1. */
  cutAny(which: number): void {
    const cut = [...this.#connections][Math.floor(which * this.#connections.size)];
    if (cut === undefined) return;
    this.cuts += 1;
    cut();
  }

  /** Cuts all connections, and leads those to come to the server that listens at `target`. */
  turnTo(target: number): void {
    this.target = target;
    for (const cut of [...this.#connections]) cut();
  }

  #join(client: Socket, server: Socket): void {
    let isDoomed = false;
    let isFirst = true;
    let isSecret = this.#isPooler;
    const end = () => {
      client.destroy();
      server.destroy();
      this.#connections.delete(end);
    };
    this.#connections.add(end);
    client.resume();
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end).on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on("data", (data) => {
      const next = this.#next;
      if (next !== undefined && data.includes(next.text) && next.skip-- === 0) {
        this.#next = undefined;
        this.#gate = next.meanwhile();
        this.cuts += 1;
        isDoomed = true;
        if (next.cut === "request") return end();
        this.lostReplies += 1;
      }
      server.write(isFirst && this.#isPooler ? withoutSettings(data) : data);
      isFirst = false;
    });
    const count = readyCounter(() => {
      this.roundTrips += 1;
    });
    server.on("data", (data) => {
      if (isDoomed) return end();
      if (isSecret) isSecret = !hideProcess(data);
      count(data);
      client.write(data);
    });
  }

  async #end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Returns what hears a server's messages, in whatever pieces, and calls `onReady` for each ReadyForQuery. */
function readyCounter(onReady: () => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    // A message is a letter and its length, which counts itself.
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      if (rest[0] === "Z".charCodeAt(0)) onReady();
      rest = rest.subarray(1 + rest.readUInt32BE(1));
    }
  };
}
