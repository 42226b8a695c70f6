import { Writable } from "node:stream";
import { createColors } from "picocolors";
import { describe, expect, test } from "vitest";
import { escapeField, escapeWords } from "../../cli/output/escape";
import { Output } from "../../cli/output/output";
import { startProgress } from "../../cli/output/progress";
import { OutputFailed, ReaderGone } from "../../cli/output/sink";
import type { Table } from "../../cli/output/table";
import { wantsColour } from "../../provider/environment";

interface Row {
  readonly name: string;
  readonly count: number;
}

const TABLE: Table<Row> = {
  columns: [
    { heading: "NAME", text: ({ name }) => name, colour: ({ count }) => (count > 9 ? "red" : undefined) },
    { heading: "COUNT", text: ({ count }) => String(count), isRight: true },
    { heading: "SAME", text: ({ name }) => name },
  ],
  json: (row) => row,
};

/** A stream that remembers what it got; `fail` makes a write fail. */
class Screen extends Writable {
  readonly isTTY: boolean;
  text = "";
  fail: NodeJS.ErrnoException | undefined;

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error) => void): void {
    if (this.fail === undefined) this.text += chunk;
    done(this.fail);
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

async function printed(isTerminal: boolean, rows: readonly Row[], isColoured = false): Promise<string> {
  const screen = new Screen(isTerminal);
  await new Output(screen, false, isColoured).rows(rows, TABLE);
  return screen.text;
}

describe("a table", () => {
  test("is aligned under a heading on a terminal, also with wide characters", async () => {
    expect(
      await printed(true, [
        { name: "日本", count: 7 },
        { name: "abcdef", count: 123456 },
      ]),
    ).toBe(["NAME     COUNT  SAME", "日本         7  日本", "abcdef  123456  abcdef", ""].join("\n"));
  });

  test("has one heading however many rows it has", async () => {
    const rows = Array.from({ length: 250 }, (_, count) => ({ name: "x".repeat(1 + Math.floor(count / 100)), count }));
    const lines = (await printed(true, rows)).split("\n");
    expect(lines.filter((line) => line.startsWith("NAME"))).toHaveLength(1);
    expect(lines).toHaveLength(252);
  });

  test("is coloured on a terminal where colours are welcome, and nowhere else", async () => {
    const rows = [{ name: "x", count: 10 }];
    expect(await printed(true, rows, true)).toContain(createColors(true).red("x"));
    expect(await printed(true, rows, false)).not.toContain("\u001b");
    expect(await printed(false, rows, true)).toBe("x\t10\tx\n");
    const screen = new Screen(true);
    await new Output(screen, true, true).rows(rows, TABLE);
    expect(screen.text).toBe('{"name":"x","count":10}\n');
  });

  test("prints what came before an error, and then fails with it", async () => {
    function* rows() {
      yield { name: "a", count: 1 };
      yield { name: "b", count: 2 };
      throw new Error("gone");
    }
    const screen = new Screen(false);
    await expect(new Output(screen, false, false).rows(rows(), TABLE)).rejects.toThrow("gone");
    expect(screen.text).toBe("a\t1\ta\nb\t2\tb\n");
  });

  test("is on its way before the second row exists", async () => {
    const screen = new Screen(false);
    const seen: string[] = [];
    function* rows() {
      yield { name: "a", count: 1 };
      seen.push(screen.text);
      yield { name: "b", count: 2 };
    }
    await new Output(screen, false, false).rows(rows(), TABLE);
    expect(seen).toEqual(["a\t1\ta\n"]);
  });

  test("lets the process look at its signals between pages", async () => {
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    const seen: boolean[] = [];
    function* rows() {
      for (let count = 0; count < 2000; count += 1) {
        seen.push(hasTurned);
        yield { name: "a", count };
      }
    }
    await new Output(new Screen(false), false, false).rows(rows(), TABLE);
    expect(seen.at(-1)).toBe(true);
  });

  test("asks for no more rows once its reader has gone", async () => {
    const screen = new Screen(false);
    let asked = 0;
    function* rows() {
      for (; asked < 1e6; asked += 1) yield { name: "a", count: asked };
    }
    screen.fail = failure("EPIPE");
    await expect(new Output(screen, false, false).rows(rows(), TABLE)).rejects.toThrow(ReaderGone);
    expect(asked).toBeLessThan(10);
  });
});

test("a line that cannot be written is an error of its own", async () => {
  const screen = new Screen(false);
  screen.fail = failure("ENOSPC");
  await expect(new Output(screen, false, false).line("x", {})).rejects.toThrow(OutputFailed);
});

describe("text that people gave", () => {
  test.each([
    ["a\tb", "a\\tb"],
    ["a\r\nb", "a\\r\\nb"],
    ["\u001b[31mred", "\\u001b[31mred"],
    ["\u009b31m", "\\u009b31m"],
    ["back\\slash", "back\\\\slash"],
    ["right\u202eleft", "right\\u202eleft"],
    ["line\u2028end", "line\\u2028end"],
    ["naïve 日本 👩‍👩‍👧", "naïve 日本 👩‍👩‍👧"],
  ])("%j is printed as %j", (text, field) => {
    expect(escapeField(text)).toBe(field);
  });

  test("in a message keeps its line ends and can do nothing else", () => {
    expect(escapeWords("one\ntwo\u001b[2J\\")).toBe("one\ntwo\\u001b[2J\\");
  });
});

describe("colours", () => {
  test.each([
    [{}, true],
    [{ NO_COLOR: "" }, true],
    [{ NO_COLOR: "1" }, false],
    [{ NO_COLOR: "false" }, false],
    [{ TERM: "dumb" }, false],
  ])("with %j are wanted: %j", (env, isWanted) => {
    expect(wantsColour(env)).toBe(isWanted);
  });
});

describe("progress", () => {
  function progressOn(isTTY: boolean) {
    const screen = { isTTY, text: "", write: (text: string) => (screen.text += text) };
    let now = 0;
    const progress = startProgress("leases", screen, () => now);
    return { screen, progress, pass: (milliseconds: number) => (now += milliseconds) };
  }

  test("is shown after a second and taken away at the end", () => {
    const { screen, progress, pass } = progressOn(true);
    progress.tell(1, 1000);
    pass(999);
    progress.tell(2, 1000);
    expect(screen.text).toBe("");
    pass(1);
    progress.tell(1234, 5000);
    expect(screen.text).toBe("\r\u001b[K1,234 of 5,000 leases");
    progress.tell(1235, 5000);
    expect(screen.text).not.toContain("1,235");
    progress.end();
    expect(screen.text.endsWith("leases\r\u001b[K")).toBe(true);
  });

  test("of a step that shows nothing of itself is shown before it, when there is much to do", () => {
    const { screen, progress } = progressOn(true);
    progress.announce(19_999);
    expect(screen.text).toBe("");
    progress.announce(20_000);
    expect(screen.text).toBe("\r\u001b[K20,000 leases");
    progress.end();
    expect(screen.text.endsWith("leases\r\u001b[K")).toBe(true);
  });

  test("of short work leaves no trace", () => {
    const { screen, progress } = progressOn(true);
    progress.tell(1);
    progress.end();
    expect(screen.text).toBe("");
  });

  test("is for terminals alone", () => {
    const { screen, progress, pass } = progressOn(false);
    pass(5000);
    progress.tell(1);
    progress.end();
    expect(screen.text).toBe("");
  });
});
