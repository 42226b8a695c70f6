import type { Command } from "commander";
import { createColors } from "picocolors";
import { wantsColour } from "../../provider/environment";
import type { GlobalOptions } from "../register";
import { escapeField, jsonLine } from "./escape";
import { type Sink, sinkOf } from "./sink";
import { alignedLayout, type Colour, jsonLayout, type Layout, plainLayout, type Table } from "./table";

/** Rows written at a time; on a terminal, columns are aligned anew for each such page. */
const PAGE = 500;
const TERMINAL_PAGE = 100;

/** One line of what is known of a single thing. */
export interface Field {
  readonly label: string;
  readonly text: string;
  readonly colour?: Colour | undefined;
}

/** What a stream must tell for output to suit it. */
export interface Screen extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** Character cells a line. */
  readonly columns?: number;
}

/**
 * A command's stdout: text for people on a terminal, tab-separated lines in a pipe, JSON with `--json`. Everything waits
 * until it is taken, so output of any length needs constant memory; where nobody reads any more, `ReaderGone` is thrown.
 */
export class Output {
  readonly isJson: boolean;
  /** Whether a person looks at text on a terminal. */
  readonly isTerminal: boolean;
  /** Character cells a line. */
  readonly width: number;
  readonly #colours: ReturnType<typeof createColors>;
  readonly #sink: Sink;

  constructor(stream: Screen, isJson: boolean, isColoured: boolean, sink: Sink = sinkOf(stream)) {
    this.isJson = isJson;
    this.isTerminal = stream.isTTY === true && !isJson;
    this.width = stream.columns ?? 80;
    this.#colours = createColors(this.isTerminal && isColoured);
    this.#sink = sink;
  }

  /** Prints a line that speaks for itself, or its value as JSON. */
  async line(text: string, json: unknown): Promise<void> {
    await this.#sink.write(`${this.isJson ? jsonLine(json) : escapeField(text)}\n`);
  }

  /** Prints text as it is, such as a script: with or without `--json`, and nothing is escaped. */
  async raw(text: string): Promise<void> {
    await this.#sink.write(text);
  }

  /** Prints what is known of one thing: a line a field, or one JSON document. */
  async fields(fields: readonly Field[], json: unknown): Promise<void> {
    await this.fieldGroups([fields], json);
  }

  /** Prints what is known of several things, an empty line between two, or one JSON document. */
  async fieldGroups(groups: readonly (readonly Field[])[], json: unknown): Promise<void> {
    const text = () => groups.map((fields) => this.#fieldLines(fields)).join("\n");
    await this.#sink.write(this.isJson ? `${jsonLine(json)}\n` : text());
  }

  /**
   * Prints rows as they come and returns how many: a table, or JSON Lines. What came before an error is printed.
   *
   * @throws whatever `rows` throws.
   */
  async rows<T>(rows: Iterable<T> | AsyncIterable<T>, table: Table<T>): Promise<number> {
    const layout = await this.#layout(table);
    const page = this.isTerminal ? TERMINAL_PAGE : PAGE;
    // Whoever pipes wants the first line at once; on a terminal the first page decides how wide columns are.
    let room = this.isTerminal ? page : 1;
    let waiting: T[] = [];
    let count = 0;
    const flush = async () => {
      const text = waiting.length === 0 ? "" : layout(waiting);
      waiting = [];
      if (text !== "") await this.#sink.write(text);
    };
    try {
      for await (const row of rows) {
        waiting.push(row);
        count += 1;
        if (waiting.length < room) continue;
        await flush();
        room = page;
      }
    } finally {
      await flush();
    }
    return count;
  }

  async #layout<T>(table: Table<T>): Promise<Layout<T>> {
    if (this.isJson) return jsonLayout(table);
    if (!this.isTerminal) return plainLayout(table);
    // Published for `import` alone, and needed on a terminal alone.
    const { default: stringWidth } = await import("string-width");
    return alignedLayout(table, this.#colours, stringWidth);
  }

  #fieldLines(fields: readonly Field[]): string {
    const width = Math.max(0, ...fields.map(({ label }) => label.length));
    const lines = fields.map(({ label, text, colour }) => {
      const value = escapeField(text);
      if (!this.isTerminal) return `${label}\t${value}\n`;
      return `${this.#colours.dim(label.padEnd(width))}  ${colour === undefined ? value : this.#colours[colour](value)}\n`;
    });
    return lines.join("");
  }
}

let stdout: Sink | undefined;

/** Returns the output of `command`: stdout as it is and the command's `--json`. */
export function outputOf(command: Command): Output {
  const { json } = command.optsWithGlobals<GlobalOptions>();
  stdout ??= sinkOf(process.stdout);
  return new Output(process.stdout, json === true, wantsColour(), stdout);
}
