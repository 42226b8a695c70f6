import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository. */
export const ROOT = join(__dirname, "..", "..");

/** One combination to try. */
export interface Row {
  /** A major version. */
  readonly node: string;
  /** A version of `@pulumi/pulumi`, or a tag such as `latest`. */
  readonly pulumi: string;
  /** The TypeScript to build and to run programs with; undefined for the one in package.json. */
  readonly typescript: string | undefined;
}

/** A row that is left out, and why. */
interface Skipped {
  readonly row: Row;
  readonly why: string;
}

/** The releases of Node that get security updates, and the one that package.json still admits. */
const NODES = ["20", "22", "24"];

/** The newest TypeScript that the oldest SDK takes. */
const TYPESCRIPT_OF_OLDEST = "5.9";

/** The newest SDK wants a newer Node than we do. */
const NODE_OF_LATEST = 22;

/** What is to run, and what is not. */
interface Matrix {
  readonly chosen: readonly Row[];
  readonly skipped: readonly Skipped[];
}

/** Returns the oldest SDK we admit, our own and the newest on each of `nodes`, or where none are named on every Node. */
export function matrix(nodes: readonly string[], isShort: boolean): Matrix {
  const { peerDependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const own = devDependencies["@pulumi/pulumi"];
  const oldest = /\d+\.\d+\.\d+/.exec(peerDependencies["@pulumi/pulumi"])?.[0];
  if (oldest === undefined) throw new Error("package.json names no oldest @pulumi/pulumi.");
  const rows = NODES.flatMap((node) => [
    { node, pulumi: oldest, typescript: TYPESCRIPT_OF_OLDEST },
    { node, pulumi: own, typescript: undefined },
    { node, pulumi: "latest", typescript: undefined },
  ]);
  const chosen: Row[] = [];
  const skipped: Skipped[] = [];
  for (const row of rows) {
    const why = reasonAgainst(row, nodes, isShort && (row.node !== ownNode() || row.pulumi !== oldest));
    if (why === undefined) chosen.push(row);
    else skipped.push({ row, why });
  }
  return { chosen, skipped };
}

/** Returns the major version of the Node that runs this. */
export function ownNode(): string {
  return process.versions.node.split(".")[0] ?? "";
}

function reasonAgainst({ node, pulumi }: Row, nodes: readonly string[], isTooLong: boolean): string | undefined {
  if (pulumi === "latest" && Number(node) < NODE_OF_LATEST) return `that SDK needs Node ${NODE_OF_LATEST}`;
  if (nodes.length > 0 && !nodes.includes(node)) return "another Node was asked for";
  if (isTooLong) return "short run; npm run test:versions runs it";
  return undefined;
}
