import { join } from "node:path";
import { createRegister, systemContext } from "../provider/store/open";
import { findPulumi } from "../test/engine/find-pulumi";
import { type CliStack, makeCliStack } from "../test/engine/real-cli";
import { makeProject } from "./project";
import { type Figure, interleaved, median, medianRatio, timed } from "./report";

const NICS = 500;
const ROUNDS = 3;

const PROGRAM = `const { MacAddress } = require("pulumi-macpool");
for (let nic = 0; nic < ${NICS}; nic += 1) new MacAddress("nic-" + nic);`;

/** Returns the speed of whole programs on the real engine, against the same program on a provider that does nothing. */
export async function engineFigures(): Promise<readonly Figure[]> {
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
    {
      name: "first up of 500 NICs / no-op provider",
      value: medianRatio(fresh.ours, fresh.noop),
      target: 1.1,
      bound: "at most",
      detail: against(fresh),
    },
    {
      name: "unchanged up of 500 NICs / no-op provider",
      value: medianRatio(unchanged.ours, unchanged.noop),
      target: 1.1,
      bound: "at most",
      detail: against(unchanged),
    },
    {
      name: "KiB of state a MacAddress",
      value: bytes / 1024,
      target: 3,
      bound: "at most",
      detail: "its resource in pulumi stack export, compact",
    },
  ];
}

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
