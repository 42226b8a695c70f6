import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createRegister, defaultStore, newRegister, openRegister, systemContext } from "../../provider/store/open";
import { rejection, temporaryDirectory, testContext } from "./support";

/** Makes `directory` the working directory for the rest of the test. */
function workIn(directory: string): void {
  const before = process.cwd();
  process.chdir(directory);
  onTestFinished(() => process.chdir(before));
}

async function locationOf(store: string): Promise<string> {
  const register = await openRegister(store, testContext());
  await register.close();
  return register.location;
}

describe("the name of a register", () => {
  it.each([
    ["a path", (path: string) => path],
    ["sqlite: and a path", (path: string) => `sqlite:${path}`],
    ["SQLITE: in capitals", (path: string) => `SQLITE:${path}`],
    ["a file: URL", (path: string) => pathToFileURL(path).href],
    ["a path with detours", (path: string) => join(path, "..", ".", "register.db")],
  ])("may be %s", async (_, spell) => {
    const path = join(temporaryDirectory(), "with space #1 100%", "register.db");
    expect(await createRegister(spell(path), testContext())).toBe(path);
    expect(await locationOf(spell(path))).toBe(path);
  });

  it.each(["register.db", "./register.db", "sqlite:register.db", "file:register.db"])(
    "is relative to the working directory: %s",
    async (name) => {
      const directory = join(temporaryDirectory(), "work #1 100% ?");
      mkdirSync(directory);
      workIn(directory);
      expect(await createRegister(name, testContext())).toBe(join(directory, "register.db"));
      expect(await locationOf(name)).toBe(join(directory, "register.db"));
    },
  );

  it.each(["", " ", "sqlite:", "sqlite: "])("may not be empty: %j", async (name) => {
    expect((await rejection(createRegister(name, testContext()))).code).toBe("INVALID_CONFIG");
    expect((await rejection(openRegister(name, testContext()))).code).toBe("INVALID_CONFIG");
  });

  it.each([
    ["mysql://ada:s3cret@db.example/macpool", "mysql"],
    ["https://ada:s3cret@example.com/r.db", "https"],
    ["file://ada:s3cret@example.com/r.db", "file"],
    ["file://server/share/r.db", "file"],
    ["file:///a%2Fb.db", "file"],
    ["file:postgres://ada:s3cret@db.example/registers", "postgres"],
    ["host=db.example user=ada password=s3cret", "postgres"],
    ["dbname=registers password=s3cret", "postgres"],
    ["sslmode=require HOST = db.example password = s3cret", "postgres"],
    ["application_name=web service=registers password=s3cret", "postgres"],
  ])("is refused without repeating what may be a password: %s", async (name, kind) => {
    const error = await rejection(openRegister(name, testContext()));
    expect(error.code).toBe("INVALID_CONFIG");
    expect(error.message).toContain(kind);
    expect(error.message).not.toContain("s3cret");
  });

  it.each(["file:register.db?mode=ro", "file:register.db#prod", "file:register.db?"])(
    "is not cut short: %s",
    async (name) => {
      workIn(temporaryDirectory());
      const error = await rejection(createRegister(name, testContext()));
      expect(error).toMatchObject({ code: "INVALID_CONFIG", message: expect.stringContaining("%3F") });
      expect(existsSync("register.db")).toBe(false);
    },
  );

  it("may look like what it is not", async () => {
    workIn(temporaryDirectory());
    for (const name of ["host=a/user=b/register.db", "port=1", "sqlite:a b=c.db"]) {
      expect(await createRegister(name, testContext())).toBe(resolve(name.replace("sqlite:", "")));
    }
  });

  it("that leads nowhere is missing, and nothing is created by opening", async () => {
    const path = join(temporaryDirectory(), "register.db");
    expect((await rejection(openRegister(path, testContext()))).code).toBe("REGISTER_MISSING");
    expect(existsSync(path)).toBe(false);
  });
});

describe("a new register", () => {
  it("has pool default under 42 without the addresses of Google Cloud, and an id of its own", async () => {
    const path = await createRegister(join(temporaryDirectory(), "register.db"), testContext());
    const register = await openRegister(path, testContext());
    onTestFinished(() => register.close());
    expect((await register.pools()).map(({ name, size }) => [name, size])).toEqual([["default", 2 ** 40]]);
    expect((await register.stats("default")).reserved).toBe(2 ** 32);
    const ids = [newRegister().storeId, newRegister().storeId, (await register.identity()).storeId];
    expect(new Set(ids).size).toBe(3);
  });

  it("may have another prefix; a bad one leaves nothing behind", async () => {
    const path = join(temporaryDirectory(), "register.db");
    expect((await rejection(createRegister(path, testContext(), "43"))).code).toBe("INVALID_RANGE");
    expect(existsSync(path)).toBe(false);
    await createRegister(path, testContext(), "52:54:00");
    const register = await openRegister(path, testContext());
    onTestFinished(() => register.close());
    expect((await register.stats("default")).size).toBe(2 ** 24);
  });

  it("of this user lies in the user's data directory", () => {
    expect(defaultStore()).toMatch(/pulumi-macpool.*register\.db$/);
  });
});

describe("the context of real use", () => {
  it("has tokens that never come twice and that nobody can guess: 22 characters of base64", () => {
    const { newToken } = systemContext(() => undefined);
    const tokens = Array.from({ length: 1000 }, newToken);
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("has a name for who is at work, and hands warnings on", () => {
    const warnings: string[] = [];
    const { actor, warn } = systemContext((message) => warnings.push(message));
    expect(actor).not.toBe("");
    warn("locked");
    expect(warnings).toEqual(["locked"]);
  });
});
