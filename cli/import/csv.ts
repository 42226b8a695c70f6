import { CsvError, parse } from "csv-parse/sync";
import { readMac } from "../../provider/mac/mac";
import { COLUMNS, type Column, columnName } from "./columns";
import { type Entry, unreadable } from "./entry";
import { BESIDE, isNicAddress, withStrays } from "./strays";
import { tagsOfText } from "./tags";

const ONE_MEBIBYTE = 2 ** 20;

/** Returns whether `line` is a header that names a column of addresses. */
export function isCsvHeader(line: string): boolean {
  const cells = line.replace(/^\ufeff/, "").split(delimiterOf(line));
  // Another format, whose first host is called as a column might be.
  return headerOf(cells).address !== -1 && !cells.some((cell) => readMac(cell.trim()) !== undefined);
}

/**
 * Reads comma-separated values (RFC 4180) with a header; semicolons and tabs will do as well. Before the header there may be
 * blank lines and comments.
 */
export function parseCsv(text: string): readonly Entry[] {
  // The library counts a line end within quotes twice when it has two characters.
  const [header, ...rows] = records(withoutPreamble(text.replaceAll("\r\n", "\n")));
  const columns = headerOf(header?.fields ?? []);
  if (columns.address === -1) {
    throw unreadable(`line ${header?.line ?? 1}`, 'the header names no column "address" or "mac".');
  }
  const entries = rows.map(({ line, fields }) => {
    const cell = (column: Column) => fields[columns[column]]?.trim() || undefined;
    const tags = cell("tags");
    return {
      place: `line ${line}`,
      address: cell("address") ?? "",
      owner: cell("owner"),
      pool: cell("pool"),
      description: cell("description"),
      tags: tags === undefined ? undefined : tagsOfText(tags),
    };
  });
  return withStrays(entries, straysOf(rows, new Set(Object.values(columns))));
}

/** Returns what columns that nobody asked for say of addresses, such as that of a second NIC. */
function straysOf(rows: readonly CsvRecord[], read: ReadonlySet<number>): readonly Entry[] {
  return rows.flatMap(({ line, fields }) => {
    const others = fields.filter((_, index) => !read.has(index)).map((field) => field.trim());
    return others.filter(isNicAddress).map((address) => ({ place: `line ${line}`, address, fault: BESIDE }));
  });
}

/** Empties the lines before the header, which keeps the numbers of those behind it. */
function withoutPreamble(text: string): string {
  const lines = text.split("\n");
  const header = lines.findIndex((line) => !isPreamble(line));
  return header === -1 ? "" : lines.fill("", 0, header).join("\n");
}

/** A header may begin with a column of numbers that is called `#`. */
function isPreamble(line: string): boolean {
  if (/^\s*#\s*[,;\t]/.test(line) && isCsvHeader(line)) return false;
  return /^\s*(?:#|$)/.test(line);
}

interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

function records(text: string): readonly CsvRecord[] {
  const delimiter = delimiterOf(/[^\r\n]+/.exec(text)?.[0] ?? "");
  const found: CsvRecord[] = [];
  const options = {
    bom: true,
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ONE_MEBIBYTE,
  };
  try {
    parse(text, {
      ...options,
      on_record: (fields: string[], { lines }) => {
        found.push({ line: lines, fields });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unreadable(`line ${Number(error["lines"]) || "unknown"}`, `${error.code}.`, error);
  }
  return found;
}

function delimiterOf(line: string): string {
  const count = (text: string) => line.split(text).length;
  return [",", ";", "\t"].reduce((best, other) => (count(other) > count(best) ? other : best));
}

function headerOf(cells: readonly string[]): Readonly<Record<Column, number>> {
  const names = cells.map(columnName);
  const at = (column: Column) => COLUMNS[column].map((name) => names.indexOf(name)).find((index) => index !== -1) ?? -1;
  return {
    address: at("address"),
    owner: at("owner"),
    pool: at("pool"),
    description: at("description"),
    tags: at("tags"),
  };
}
