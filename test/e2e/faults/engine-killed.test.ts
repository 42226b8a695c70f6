import { expect } from "vitest";
import type { Victim } from "../support/engine";
import type { Lab } from "../support/lab";
import { rackOf } from "../support/rack";
import { onEveryEngine } from "../support/scenario";

const NICS = 60;
const HALF = 30;

/** Kills an `up` when about half of its NICs have their addresses, and lets another one finish the work. */
async function halfAnUp(lab: Lab, victim: Victim): Promise<void> {
  const rack = await rackOf(lab, NICS, { firstMake: HALF });
  await rack.stack.upKilled(`nic-${HALF}`, victim);
  const granted = await lab.register.holders();
  expect(granted).toHaveProperty(`nic-${HALF}`);
  expect(Object.keys(granted).length).toBeLessThan(NICS);
  await rack.upAfter(granted);
  await rack.destroy();
}

onEveryEngine((scenario) => {
  scenario("an up of sixty NICs that is killed half-way leaves one lease each, and the next goes on with them", (lab) =>
    halfAnUp(lab, "all"),
  );

  scenario.realOnly(
    "an engine that is killed half-way while its provider goes on leaves one lease each, and up goes on with them",
    "its provider processes end with it",
    (lab) => halfAnUp(lab, "engine"),
  );
});
