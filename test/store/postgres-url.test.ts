import { describe, expect, it } from "vitest";
import { MacpoolError } from "../../provider/error";
import { parsePostgresUrl, withoutPassword } from "../../provider/store/postgres/url";

describe("a postgres: URL", () => {
  it.each([
    ["postgres://u:%20pw%20@h/d", " pw "],
    ["postgres://u:a+b@h/d", "a+b"],
    ["postgres://u@h/d?password=a+b", "a+b"],
    ["postgres://u@h/d?password=a%2Bb%20c%40", "a+b c@"],
    ["postgres://u@h/d?password=p@ss", "p@ss"],
    ["postgres://u:p%40%2F%3F%23@h/d", "p@/?#"],
  ])("keeps a password as it is: %s", (url, password) => {
    expect(parsePostgresUrl(url)).toMatchObject({ password, host: "h", user: "u", database: "d" });
    expect(withoutPassword(url)).toBe("postgres://u@h/d?schema=macpool");
  });

  it.each([
    ["user", "me@server", { user: "me@server" }],
    ["host", "/tmp/a@b", { host: "/tmp/a@b" }],
    ["sslrootcert", "/home/me@corp/ca.pem", { tls: { sslrootcert: "/home/me@corp/ca.pem" } }],
  ])("takes a parameter %s with an @ in it", (name, value, read) => {
    expect(parsePostgresUrl(`postgres:///d?${name}=${value}`)).toMatchObject(read);
  });

  it.each(["postgres://u@/d", "postgres:///d", "postgres://u@%20/d"])(
    "means the local socket without a host: %s",
    (url) => {
      expect(parsePostgresUrl(url)).toMatchObject({ host: undefined, database: "d" });
    },
  );

  it.each([
    "postgres://app:123?s3cret@db.example.com/registers",
    "postgres://app:123?s3cret=@db.example.com/registers",
    "postgres://app:123?secret=3@db.example.com/registers",
    "postgres://app:12/s3cret@127.0.0.1:5432/registers",
    "postgres://app:/s3cret@127.0.0.1/registers",
    "postgres://app:12#s3cret@127.0.0.1/registers",
    "postgres://app@db.example.com/registers#s3cret",
    "postgres://app@db.example.com/registers?s3cret",
    "postgres://app@db.example.com:s3cret/registers",
  ])("that is perhaps a password with an unescaped letter is refused, and not repeated: %s", (url) => {
    for (const read of [parsePostgresUrl, withoutPassword]) {
      const fault = thrownBy(() => read(url));
      expect(fault.code).toBe("INVALID_CONFIG");
      expect(fault.message).not.toMatch(/s3cret|secret/);
    }
  });

  it("names a parameter that is not known, and those that are", () => {
    const fault = thrownBy(() => parsePostgresUrl("postgres://h/d?sslmod=disable"));
    for (const word of ['"sslmod"', "sslmode"]) expect(fault.message).toContain(word);
  });
});

function thrownBy(work: () => unknown): MacpoolError {
  try {
    work();
  } catch (error) {
    if (MacpoolError.is(error)) return error;
    throw error;
  }
  throw new Error("expected an error");
}
