import { expect, test } from "vitest";
import { prometheusText } from "../../cli/output/prometheus";
import { openLab } from "./support";

const USAGE = { size: 10, live: 1, quarantined: 2, reusable: 3, reserved: 0, neverIssued: 4, nextFreeAt: undefined };

/** Reads the text format by its grammar (prometheus.io, "Exposition formats"); throws for whatever breaks it. */
function parse(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith("\n")) throw new Error("The last line must end.");
  const described = new Map<string, Set<string>>();
  const samples = new Map<string, number>();
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind = "", name = "", rest = ""] = comment;
      const kinds = described.get(name) ?? new Set<string>();
      if (kinds.has(kind)) throw new Error(`Two ${kind} lines of ${name}.`);
      if (kind === "TYPE" && !/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(line);
      described.set(name, kinds.add(kind));
      continue;
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\[\\n"])*"(?:,(?=[a-z])|(?=\})))*)\})? (\d+)$/.exec(line);
    if (sample === null) throw new Error(`Not a sample: ${line}`);
    const [, name = "", labels = "", value = ""] = sample;
    if (described.get(name)?.size !== 2) throw new Error(`${name} comes before its HELP and TYPE.`);
    // A family is one uninterrupted group, and no series comes twice.
    if ([...described.keys()].at(-1) !== name || samples.has(`${name}{${labels}}`)) throw new Error(line);
    samples.set(`${name}{${labels}}`, Number(value));
  }
  return samples;
}

test("metrics are valid, and the states of a pool add up to its size", async () => {
  const lab = openLab();
  try {
    await lab.lines("init");
    await lab.lines("pool", "create", "lab", "--range", "46:00:00:00:00");
    await lab.lines("next", "--pool", "lab", "--count", "3");
    const { stdout } = await lab.macpool("stats", "--format", "prometheus");
    const samples = parse(stdout);
    expect(samples.get('macpool_pool_addresses{pool="lab",state="live"}')).toBe(3);
    const states = [...samples].filter(([series]) => series.startsWith('macpool_pool_addresses{pool="lab"'));
    expect(states.reduce((sum, [, count]) => sum + count, 0)).toBe(samples.get('macpool_pool_size{pool="lab"}'));
  } finally {
    lab.remove();
  }
});

test("labels are escaped", () => {
  const samples = parse(prometheusText({ storeId: "x", seq: 1 }, [{ pool: 'a"b\\c\nd', ...USAGE }]));
  expect(samples.get('macpool_pool_size{pool="a\\"b\\\\c\\nd"}')).toBe(10);
});
