import { expect } from "vitest";
import { depth } from "../../depth";
import { rackOf } from "../support/rack";
import { onEveryEngine } from "../support/scenario";

const STACKS = depth(4, 20);
const NICS = depth(5, 100);

/** How every message of the provider begins; Pulumi has warnings of its own. */
const OURS = /macpool: /;

onEveryEngine((scenario) => {
  scenario(`${STACKS} stacks that go up and down at once share one register without a word`, async (lab) => {
    const racks = [];
    for (let index = 0; index < STACKS; index += 1) racks.push(await rackOf(lab, NICS, { stack: `stack-${index}` }));
    const ups = await Promise.all(racks.map(({ stack }) => stack.up()));
    const macs = ups.flatMap(({ outputs }) => Object.values(outputs));
    expect(new Set(macs).size).toBe(STACKS * NICS);
    expect(await lab.register.live()).toEqual([...macs].sort());
    for (const { text } of ups) expect(text).not.toMatch(OURS);
    expect(await lab.register.faults()).toEqual([]);

    const downs = await Promise.all(racks.map(({ stack }) => stack.destroy()));
    for (const { text } of downs) expect(text).not.toMatch(OURS);
    expect(await lab.register.live()).toEqual([]);
    expect(await lab.register.released()).toHaveLength(STACKS * NICS);
    expect(await lab.register.faults()).toEqual([]);
  });
});
