import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, test } from "vitest";
import { findPulumi } from "../../engine/find-pulumi";
import { doubleEngine } from "./double-engine";
import type { Engine } from "./engine";
import { FileRegister } from "./file-register";
import { Lab, type RegisterMaker } from "./lab";
import { PostgresRegister } from "./postgres-register";
import { realEngine } from "./real-engine";

/** A scenario's tale; it fails by throwing. */
export type Tale = (lab: Lab) => Promise<void>;

/** Tells one scenario; its title is a promise in plain words. */
export interface Scenario {
  (title: string, tale: Tale): void;
  /** Tells one that the engine double cannot do, for the reason given. */
  realOnly(title: string, reason: string, tale: Tale): void;
  /** Tells one about a register in a file, which makes no sense of one on a server, for the reason given. */
  fileOnly(title: string, reason: string, tale: Tale): void;
}

const minutes = (count: number) => count * 60_000;

const cliDir = findPulumi();

/** The kind of register that all scenarios of this run use. */
const isOnServer = process.env["MACPOOL_TEST_REGISTER"] === "postgres";
const server = inject("postgres");

/**
 * Tells the same scenarios on the real engine and on its double, with the kind of register that the run is about; the setup
 * of the run says loudly what is skipped because there is no Pulumi CLI, or no PostgreSQL server.
 */
export function onEveryEngine(tell: (scenario: Scenario) => void): void {
  const options = { timeout: minutes(15), concurrent: true };
  const on = isOnServer ? ", register in PostgreSQL" : "";
  const isWithout = isOnServer && server === undefined;
  for (const engine of [doubleEngine, cliDir === undefined ? undefined : realEngine(cliDir)]) {
    const name = `${engine?.name ?? "the real engine"}${on}`;
    if (engine === undefined || isWithout) describe.skip(name, () => tell(teller(doubleEngine)));
    else describe(name, options, () => tell(teller(engine)));
  }
}

/** Tells scenarios about a register in a file, which make no sense of one on a server, for the reason given. */
export function withFilesOnly(reason: string, tell: (scenario: Scenario) => void): void {
  if (isOnServer) {
    console.info(`A register in PostgreSQL sits this file out: ${reason}`);
    describe.skip(reason, () => tell(teller(doubleEngine)));
  } else {
    onEveryEngine(tell);
  }
}

function teller(engine: Engine): Scenario {
  const scenario = (title: string, tale: Tale) => {
    test(title, () => tale(openLab(engine)));
  };
  const unless = (who: string | undefined) => (title: string, reason: string, tale: Tale) => {
    if (who === undefined) return scenario(title, tale);
    console.info(`${who} sits this one out: ${title}: ${reason}`);
    test(title, ({ skip }) => skip(reason));
  };
  return Object.assign(scenario, {
    realOnly: unless(engine.isReal ? undefined : engine.name),
    fileOnly: unless(isOnServer ? "a register in PostgreSQL" : undefined),
  });
}

function registerMaker(): RegisterMaker {
  if (!isOnServer) return (path) => new FileRegister(path);
  if (server === undefined) throw new Error("no PostgreSQL server is installed");
  return () => new PostgresRegister(server);
}

/** Below the fixture, so that programs find its node_modules on the way up; it goes away with the fixture. */
function openLab(engine: Engine): Lab {
  const fixture = inject("e2eFixture");
  const labs = join(fixture, "labs");
  mkdirSync(labs, { recursive: true });
  return new Lab(engine, registerMaker(), fixture, mkdtempSync(join(labs, "lab-")));
}
