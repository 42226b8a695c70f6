import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, test } from "vitest";
import { findPulumi } from "../../engine/find-pulumi";
import { doubleEngine } from "./double-engine";
import type { Engine } from "./engine";
import { Lab } from "./lab";
import { realEngine } from "./real-engine";

/** A scenario's tale; it fails by throwing. */
export type Tale = (lab: Lab) => Promise<void>;

/** Tells one scenario; its title is a promise in plain words. */
export interface Scenario {
  (title: string, tale: Tale): void;
  /** Tells one that the engine double cannot do, for the reason given. */
  realOnly(title: string, reason: string, tale: Tale): void;
}

const minutes = (count: number) => count * 60_000;

const cliDir = findPulumi();

/** Tells the same scenarios on the real engine and on its double; without a Pulumi CLI the former is skipped. */
export function onEveryEngine(tell: (scenario: Scenario) => void): void {
  const options = { timeout: minutes(5), concurrent: true };
  describe("the engine double", options, () => tell(teller(doubleEngine)));
  // global-setup.ts says loudly that it is skipped.
  if (cliDir === undefined) describe.skip("the real engine", () => tell(teller(doubleEngine)));
  else describe("the real engine", options, () => tell(teller(realEngine(cliDir))));
}

function teller(engine: Engine): Scenario {
  const scenario = (title: string, tale: Tale) => {
    test(title, () => tale(openLab(engine)));
  };
  const realOnly = (title: string, reason: string, tale: Tale) => {
    if (engine.isReal) return scenario(title, tale);
    console.info(`${engine.name} sits this one out: ${title}: ${reason}`);
    test(title, ({ skip }) => skip(reason));
  };
  return Object.assign(scenario, { realOnly });
}

/** Below the fixture, so that programs find its node_modules on the way up; it goes away with the fixture. */
function openLab(engine: Engine): Lab {
  const fixture = inject("e2eFixture");
  const labs = join(fixture, "labs");
  mkdirSync(labs, { recursive: true });
  return new Lab(engine, fixture, mkdtempSync(join(labs, "lab-")));
}
