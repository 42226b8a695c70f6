import type { Colors } from "picocolors/types";
import { escapeField, jsonLine } from "./escape";

/** The colours a cell can have on a terminal. */
export type Colour = "green" | "yellow" | "red" | "dim" | "bold";

/** One column of a table. */
export interface Column<T> {
  readonly heading: string;
  /** Returns the cell in its own words; control characters are escaped afterwards. */
  readonly text: (row: T) => string;
  readonly isRight?: boolean;
  readonly colour?: (row: T) => Colour | undefined;
}

/** How rows look: as columns for people and scripts, as values for JSON. */
export interface Table<T> {
  readonly columns: readonly Column<T>[];
  readonly json: (row: T) => unknown;
  /** Whether a terminal gets no heading either, because people paste what they see. */
  readonly isBare?: boolean;
}

/** Turns rows, some at a time, into text that ends with a line end. */
export type Layout<T> = (rows: readonly T[]) => string;

/** Returns the layout of JSON Lines: one object a line. */
export function jsonLayout<T>(table: Table<T>): Layout<T> {
  return (rows) => rows.map((row) => `${jsonLine(table.json(row))}\n`).join("");
}

/** Returns the layout for a pipe: no heading, one line a row, a tab between two cells. */
export function plainLayout<T>({ columns }: Table<T>): Layout<T> {
  return (rows) => rows.map((row) => `${columns.map((column) => escapeField(column.text(row))).join("\t")}\n`).join("");
}

/**
 * Returns the layout for a terminal: a heading above the first rows and columns aligned as wide as they needed to be so
 * far. `widthOf` returns how many character cells a text takes.
 */
export function alignedLayout<T>(table: Table<T>, colours: Colors, widthOf: (text: string) => number): Layout<T> {
  const { columns } = table;
  const widths = columns.map(({ heading }) => heading.length);
  const padded = (text: string, index: number) => {
    const gap = " ".repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
    if (columns[index]?.isRight === true) return { before: gap, after: "" };
    return { before: "", after: index === columns.length - 1 ? "" : gap };
  };
  const line = (cells: readonly string[], paint: (text: string, index: number) => string) => {
    const parts = cells.map((text, index) => {
      const { before, after } = padded(text, index);
      return before + paint(text, index) + after;
    });
    return `${parts.join("  ")}\n`;
  };
  let heading = table.isBare !== true;
  return (rows) => {
    const cells = rows.map((row) => columns.map((column) => escapeField(column.text(row))));
    for (const row of cells) widen(widths, row, widthOf);
    const lines = cells.map((row, at) => line(row, (text, index) => painted(text, rows[at], columns[index], colours)));
    const top = heading
      ? line(
          columns.map((column) => column.heading),
          (text) => colours.dim(text),
        )
      : "";
    heading = false;
    return top + lines.join("");
  };
}

function widen(widths: number[], cells: readonly string[], widthOf: (text: string) => number): void {
  for (const [index, text] of cells.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(text));
}

function painted<T>(text: string, row: T | undefined, column: Column<T> | undefined, colours: Colors): string {
  const colour = row === undefined ? undefined : column?.colour?.(row);
  return colour === undefined ? text : colours[colour](text);
}
