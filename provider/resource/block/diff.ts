import { memberName, membersOf } from "../../lease/block";
import { assertWithinReach, type DiffResult, isChanged, isLost, unlessUnusable } from "../diff";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { warnOfLeftOver } from "./left-over";
import { assertSameHistory } from "./lifecycle";
import { blockRequestOf, isConsecutive, provenanceOf } from "./request";
import { type BlockInputs, type BlockState, parseInputs, parseState } from "./schema";

/** Inputs that change in place. `__provider` is among them: only an update carries a new loader into the outputs. */
const IN_PLACE = [
  ...["owner", "installation", "description", "tags", "adopt", "keepers"],
  ...["count", "contiguous", "__provider"],
];

/**
 * Compares a state's outputs with new inputs: another pool, other keepers, and consecutive addresses where they are not,
 * ask for a replacement; everything else, also another count, is changed in place. A lease that the register does not
 * have any more counts as a change, so that the update re-asserts it.
 *
 * @throws MacpoolError REGISTER_MISMATCH or REGISTER_ROLLED_BACK when the register can be opened and is not the one; the
 * ADDRESS_ code when a lost lease cannot be asserted again.
 */
export async function diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
  const state = parseState(olds);
  const { inputs, unknowns } = parseInputs(news);
  const lost = await compared(state, inputs);
  const staying = state.refs.slice(0, inputs.count).map(({ address }) => address);
  const replaces = [
    ...("pool" in unknowns || inputs.pool !== state.pool ? ["pool"] : []),
    ...("rotation" in unknowns || inputs.rotation !== state.rotation ? ["rotation"] : []),
    ...(inputs.contiguous === true && !isConsecutive(staying) ? ["contiguous"] : []),
  ];
  if (replaces.length === 0) await assertWithinReachAgain(lost, state, inputs);
  return { changes: lost.length > 0 || isChanged(IN_PLACE, olds, news) || replaces.length > 0, replaces };
}

/** Returns which of the state's leases the register does not have, and says so if it has more than those. */
async function compared(state: BlockState, { count }: BlockInputs): Promise<readonly number[]> {
  const process = runtime();
  return unlessUnusable([], async () => {
    const register = await process.registerOf(provenanceOf(state));
    const answers = await Promise.all(state.refs.map((ref) => isLost(ref, register)));
    const lost = answers.flatMap((isIt, index) => (isIt ? [index] : []));
    await assertSameHistory(
      state,
      state.refs.filter((_, index) => lost.includes(index)),
    );
    if (count !== undefined) await warnOfLeftOver(state, Math.max(count, state.refs.length), register);
    return lost;
  });
}

async function assertWithinReachAgain(lost: readonly number[], state: BlockState, news: BlockInputs): Promise<void> {
  const { pool, rotation } = state;
  const members = membersOf({ ...blockRequestOf(news), pool, rotation });
  for (const index of lost) {
    const [ref, member] = [state.refs[index], members[index]];
    // What lies beyond the count is given up anyway.
    if (ref === undefined || member === undefined) continue;
    const register = await runtime().registerOf(provenanceOf(state));
    await assertWithinReach(ref.address, memberName(state, index), member, register);
  }
}
