import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { translate } from "../../provider/store/sqlite/sqlite-error";
import { createFile, openFile, rejection, request } from "./support";

const PAGE = 4096;
/** The first byte of a page that has entries of an index, and the length of what comes before them (sqlite.org/fileformat.html). */
const LEAF = 10;
const LEAF_HEADER = 8;
/** As a length, 2 GiB: more than SQLite's limit of 10^9 bytes. */
const ENORMOUS = [0x88, 0x80, 0x80, 0x80, 0x0d];

it("what seems to take more memory than there is, is damage, and nothing is written from then on", async () => {
  const path = await damagedFile();
  const { store } = await openFile(path);
  try {
    const { faults } = await store.verify();
    expect(faults).toContain("A row of it takes more memory than there is, as only a damaged one should.");
    const refusal = await rejection(store.acquire([request({ owner: "new" })]));
    expect(refusal.code).toBe("REGISTER_CORRUPT");
  } finally {
    await store.close();
  }
});

it("who meets it before anybody checked is told what it may be", () => {
  const refusal = translate(Object.assign(new Error("out of memory"), { code: "SQLITE_NOMEM" }), "register.db");
  expect(refusal.message).toContain(
    "is damaged and seems to; nothing was changed. What checks the file: macpool doctor",
  );
});

/** Returns the path of a register in which the first entry of every index claims an enormous length. */
async function damagedFile(): Promise<string> {
  const path = createFile();
  const register = await openFile(path);
  await register.grant();
  await register.store.close();
  const file = readFileSync(path);
  for (let page = PAGE; page < file.length; page += PAGE) {
    if (file[page] === LEAF && file.readUInt16BE(page + 3) > 0) {
      file.set(ENORMOUS, page + file.readUInt16BE(page + LEAF_HEADER));
    }
  }
  writeFileSync(path, file);
  return path;
}
