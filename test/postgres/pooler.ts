/** Returns what a client says at login as a pooler passes it on: user, database and name, and none of the settings. */
export function withoutSettings(login: Buffer): Buffer {
  const words = login.subarray(8).toString("latin1").split("\0");
  const kept = words.flatMap((word, index) =>
    index % 2 === 0 && /^(user|database|application_name|client_encoding)$/.test(word) ? [word, words[index + 1]] : [],
  );
  const text = Buffer.from(`${kept.join("\0")}\0\0`, "latin1");
  const head = Buffer.from(login.subarray(0, 8));
  head.writeInt32BE(head.length + text.length);
  return Buffer.concat([head, text]);
}

/** The id of a connection that a pooler tells its clients, which is none of the server's. */
const POOLERS_OWN = 1_234_567;

/** Puts a pooler's own id in place of the server's process, and returns whether these messages of the server told it. */
export function hideProcess(messages: Buffer): boolean {
  for (let at = 0; at + 5 <= messages.length; at += 1 + messages.readInt32BE(at + 1)) {
    if (messages[at] !== "K".charCodeAt(0)) continue;
    messages.writeInt32BE(POOLERS_OWN, at + 5);
    return true;
  }
  return false;
}
