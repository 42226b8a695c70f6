import { closeSync, copyFileSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createFile, openFile, type Register, rejection, request, temporaryDirectory } from "../../store/support";

const PAGE = 4096;
const OWNERS = Array.from({ length: 400 }, (_, index) => `owner-${String(index).padStart(3, "0")}`);

/** Returns the path of a register that holds a lease of every owner, with nothing left in its log. */
async function usedFile(): Promise<string> {
  const path = createFile();
  const register = await openFile(path);
  await register.store.acquire(OWNERS.map((owner) => request({ owner })));
  await register.store.close();
  return path;
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

describe("a register whose header was overwritten", () => {
  it.each<[string, number, Buffer]>([
    ["with a text", 0, Buffer.from("hello, world\n".repeat(8))],
    ["with zeros, the first page", 0, Buffer.alloc(PAGE)],
    ["with zeros, all but the magic words", 16, Buffer.alloc(84)],
  ])(
    "%s is refused, left alone to the byte, and the message gives the command that puts a backup there",
    async (_, offset, bytes) => {
      const path = await usedFile();
      overwrite(path, offset, bytes);
      const before = readFileSync(path);
      const error = await rejection(openFile(path));
      expect(error.code).toMatch(/^REGISTER_(FOREIGN|CORRUPT)$/);
      expect(error.message).toContain(`macpool restore BACKUP --replace --store ${path}`);
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(dirname(path))).toEqual(["register.db"]);
    },
  );
});

/** Returns the offsets of the leaf pages of table `lease`. */
function leafPages(path: string): readonly number[] {
  const database = new Database(path, { readonly: true });
  try {
    return database
      .prepare<[], { offset: number }>(
        "select (pageno - 1) * pgsize as offset from dbstat where name = 'lease' and pagetype = 'leaf' order by pageno",
      )
      .all()
      .map(({ offset }) => offset);
  } finally {
    database.close();
  }
}

/** Opens a register of which four pages of leases are full of zeros. */
async function withZeroedPages(): Promise<{
  readonly path: string;
  readonly register: Register;
  readonly lost: string;
}> {
  const path = await usedFile();
  const [owner = ""] = await ownersFrom(path);
  const pages = leafPages(path);
  expect(pages.length).toBeGreaterThan(4);
  for (const offset of pages.slice(0, 4)) overwrite(path, offset, Buffer.alloc(PAGE));
  return { path, register: await openFile(path), lost: owner };
}

async function ownersFrom(path: string): Promise<readonly string[]> {
  const register = await openFile(path);
  const owners = (await register.leases()).map(({ owner }) => owner);
  await register.store.close();
  return owners;
}

describe("a register with four pages of zeros", () => {
  it("opens, and a check of all of it finds them", async () => {
    const { register } = await withZeroedPages();
    const { faults } = await register.store.verify();
    expect(faults.join("\n")).toContain("damaged");
  });

  it("closes for every write as soon as anything meets them, with both ways out, and leaves what is left readable", async () => {
    const { path, register, lost } = await withZeroedPages();
    const error = await register.refusal({ owner: lost });
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [`macpool restore BACKUP --replace --store ${path}`, "macpool reconcile --apply"]) {
      expect(error.message).toContain(text);
    }
    const seq = await register.seq();
    const { store } = register;
    const writes = [
      register.grant({ owner: "new" }),
      store.release([{ address: 1, token: "" }]),
      store.deletePool("tiny"),
    ];
    for (const write of writes) expect((await rejection(write)).code).toBe("REGISTER_CORRUPT");
    expect(await register.seq()).toBe(seq);
    expect(await store.pools()).toHaveLength(2);
  });

  it("closes for what was asked for in the same turn, too", async () => {
    const { register, lost } = await withZeroedPages();
    const seq = await register.seq();
    const turn = ["new", lost, "newer"].map((owner) => register.refusal({ owner }));
    const later = new Promise((next) => setImmediate(next)).then(() => register.refusal({ owner: "newest" }));
    const codes = (await Promise.all([...turn, later])).map(({ code }) => code);
    expect(codes).toEqual(codes.map(() => "REGISTER_CORRUPT"));
    expect(await register.seq()).toBe(seq);
  });
});

describe("a flipped bit in the owner of a lease", () => {
  it("is found wherever it is: the table and its index are compared with each other", async () => {
    const path = await usedFile();
    const needle = Buffer.from("owner-217");
    const content = readFileSync(path);
    const places: number[] = [];
    for (let at = content.indexOf(needle); at >= 0; at = content.indexOf(needle, at + 1)) places.push(at);
    // Table, which has the lease and its event in one row, and unique index of live leases.
    expect(places.length).toBeGreaterThanOrEqual(2);
    const found: string[] = [];
    for (const place of places) {
      const copy = join(temporaryDirectory(), "register.db");
      copyFileSync(path, copy);
      overwrite(copy, place + needle.length - 1, Buffer.from([(needle.at(-1) ?? 0) ^ 1]));
      const { faults } = await (await openFile(copy)).store.verify();
      expect(faults, `byte ${place}`).not.toEqual([]);
      found.push(faults.join("\n"));
    }
    // Whichever of the two was flipped, the other is a second copy of it.
    expect(found.filter((faults) => faults.includes("missing from index lease_live"))).toHaveLength(2);
  });
});
