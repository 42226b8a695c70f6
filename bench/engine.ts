import { join } from "node:path";
import { createRegister, systemContext } from "../provider/store/open";
import { findPulumi } from "../test/engine/find-pulumi";
import { type CliStack, makeCliStack } from "../test/engine/real-cli";
import type { Bench } from "./bench";
import { makeProject } from "./project";
import { interleaved, median, medianFigure, ratios, timed } from "./report";

const NICS = 500;
const ROUNDS = 3;

const PROGRAM = `const { MacAddress } = require("pulumi-macpool");
for (let nic = 0; nic < ${NICS}; nic += 1) new MacAddress("nic-" + nic);`;

/** Returns the speed of whole programs on the real engine, against the same program on a provider that does nothing. */
export const engineFigures: Bench = async () => {
  const cli = findPulumi();
  if (cli === undefined) {
    console.warn("SKIPPED bench engine: there is no Pulumi CLI on PATH or in ~/.pulumi/bin.");
    return [];
  }
  const stacks = { noop: await stackOf(cli, "noop"), ours: await stackOf(cli, "ours") };
  const fresh = await interleaved(ROUNDS, { noop: stacks.noop.up, ours: stacks.ours.up });
  const unchanged = await interleaved(ROUNDS, { noop: stacks.noop.upAgain, ours: stacks.ours.upAgain });
  const bytes = await stacks.ours.stateBytes();
  for (const stack of Object.values(stacks)) stack.remove();
  const seconds = (times: readonly number[]) => `${(median(times) / 1000).toFixed(2)} s`;
  const against = (times: typeof fresh) => `${seconds(times.ours)} against ${seconds(times.noop)}, ${NICS} NICs`;
  return [
    medianFigure(
      { id: "", name: `first up of ${NICS} NICs / no-op provider`, bound: "at most", target: 1.1 },
      ratios(fresh.ours, fresh.noop),
      against(fresh),
    ),
    medianFigure(
      { id: "", name: `unchanged up of ${NICS} NICs / no-op provider`, bound: "at most", target: 1.1 },
      ratios(unchanged.ours, unchanged.noop),
      against(unchanged),
    ),
    {
      id: "",
      name: "KiB of state a MacAddress",
      bound: "at most",
      target: 3,
      value: bytes / 1024,
      detail: "its resource in pulumi stack export, compact",
    },
  ];
};

async function stackOf(cli: string, provider: "noop" | "ours") {
  const project = makeProject(provider, PROGRAM);
  const register = join(project.directory, "register.db");
  await createRegister(register, systemContext(console.error));
  const stack = await makeCliStack(cli, project.directory, "dev", { "macpool:store": register });
  const up = () => must(stack, "up");
  return {
    up: async () => {
      const took = await timed(up);
      await must(stack, "destroy");
      return took;
    },
    upAgain: () => timed(up),
    stateBytes: async () => {
      const { deployment } = await stack.state();
      const address = deployment.resources.find((resource) => resource.type.endsWith(":MacAddress"));
      return Buffer.byteLength(JSON.stringify(address));
    },
    remove: () => {
      stack.remove();
      project.remove();
    },
  };
}

async function must(stack: CliStack, command: "up" | "destroy"): Promise<void> {
  const { ok, text } = await stack.run(command, "--skip-preview");
  if (!ok) throw new Error(text);
}
