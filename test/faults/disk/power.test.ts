import { describe, expect, it, onTestFinished } from "vitest";
import { depth } from "../../depth";
import type { Violation } from "./acknowledged";
import { SEED, withShim } from "./build";
import type { Synchronous } from "./lax";
import { NONE, someLuck } from "./power-cut";
import { oneOf, randomFrom } from "./random";
import { Rig } from "./rig";

const ROUNDS = depth(6, 300);
const WRITERS = 4;
const LIMIT = { timeout: depth(120_000, 3_600_000) };

withShim((built) => {
  /** Returns all that went wrong in some rounds, which end early once `isEnough` of it has. */
  async function violations(
    synchronous: Synchronous,
    rounds: number,
    isEnough: (wrong: readonly Violation[]) => boolean,
  ) {
    const random = randomFrom(SEED);
    const rig = new Rig(built, random);
    onTestFinished(() => rig.dispose());
    const wrong: Violation[] = [];
    let round = 0;
    for (; round < rounds && !isEnough(wrong); round += 1) {
      const luck = round % 2 === 0 ? NONE : someLuck(random);
      const [answers, checkpointPages] = [50 + Math.floor(random() * 400), oneOf([5, 50, 250], random)];
      wrong.push(...(await rig.round({ synchronous, checkpointPages, writers: WRITERS, answers, luck })));
    }
    const kinds = ["lost", "moved", "resurrected", "duplicated", "behind", "unsound"] as const;
    const counts = kinds.map((kind) => `${wrong.filter((one) => one.kind === kind).length} ${kind}`).join(", ");
    console.log(`power cuts, ${synchronous}: seed ${SEED}, ${round} rounds, ${rig.answers} answers: ${counts}`);
    return wrong;
  }

  describe("a register whose power fails while four processes write to it", () => {
    it("has everything that it acknowledged, and nothing that it took back", LIMIT, async () => {
      expect(await violations("full", ROUNDS, (wrong) => wrong.length > 0)).toEqual([]);
    });
  });

  describe("a power cut that this harness makes", () => {
    it.each(["normal", "off"] as const)(
      "is seen when commits are only as durable as synchronous=%s",
      LIMIT,
      async (lax) => {
        expect(await violations(lax, 20, (wrong) => wrong.length > 0)).not.toEqual([]);
      },
    );
  });
});
