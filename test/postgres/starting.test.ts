import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { openPostgresStore, type PostgresOptions } from "../../provider/store/postgres/postgres-store";
import { rejection, TestClock, testContext } from "../store/support";
import { createSchema, describePostgres } from "./support";

/** An ErrorResponse as of a server that begins to run: severity, code and words (PostgreSQL manual, "Message Formats"). */
const STARTING = refusal("57P03", "the database system is starting up");
const FULL = refusal("53300", "sorry, too many clients already");

function refusal(code: string, words: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${words}\0\0`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from("E"), length, fields]);
}

/** Returns the URL of a server that refuses the first `times` logins with `answer`, and then is the one that `url` names. */
async function refusing(url: string, answer: Buffer, times: number) {
  const state = { refused: 0, url: "" };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    if (state.refused < times) {
      client.once("data", () => client.end(answer));
      state.refused += 1;
      return;
    }
    const real = connect(Number(new URL(url).port), "127.0.0.1");
    sockets.add(real);
    real.on("error", () => client.destroy());
    client.pipe(real).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  state.url = `${Object.assign(new URL(url), { port: String(port) }).href}&sslmode=disable`;
  return state;
}

async function open(url: string, warnings: string[], options: PostgresOptions) {
  const store = await openPostgresStore(url, testContext(new TestClock(), warnings), options);
  onTestFinished(() => store.close());
  return store;
}

describePostgres("opening a register", () => {
  it.each([
    ["that starts", STARTING, "starting"],
    ["whose connections are all in use", FULL, "no more connections"],
  ])("on a server %s waits for it, and says so when that takes long", async (_, answer, words) => {
    const server = await refusing(await createSchema(), answer, 4);
    const warnings: string[] = [];
    const store = await open(server.url, warnings, { warnAfter: 0 });
    expect(server.refused).toBe(4);
    expect((await store.pools()).length).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringContaining(words)]);
    expect(warnings[0]).toContain("Waiting");
  });

  it("on a server that never comes to it fails at the deadline, and says what is the matter", async () => {
    const server = await refusing(await createSchema(), STARTING, Number.POSITIVE_INFINITY);
    const error = await rejection(open(server.url, [], { giveUpAfter: 300 }));
    expect(error.code).toBe("REGISTER_UNREACHABLE");
    expect(error.message).toContain("57P03");
    expect(error.message).toContain("takes no connections yet");
    expect(server.refused).toBeGreaterThan(1);
  });

  it("on a server that refuses for another reason does not wait", async () => {
    const server = await refusing(await createSchema(), refusal("3D000", "no such database"), Number.POSITIVE_INFINITY);
    expect((await rejection(open(server.url, [], {}))).code).toBe("REGISTER_UNUSABLE");
    expect(server.refused).toBe(1);
  });
});
