import { type DiffResult, isChanged, isLost, isSoUnlessUnusable } from "../diff";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { isConsecutive, provenanceOf } from "./request";
import { type BlockState, parseInputs, parseState } from "./schema";

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
 * @throws MacpoolError REGISTER_MISMATCH or REGISTER_ROLLED_BACK when the register can be opened and is not the one.
 */
export async function diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
  const state = parseState(olds);
  const isAnyLost = await areLeasesLost(state);
  const { inputs, unknowns } = parseInputs(news);
  const staying = state.refs.slice(0, inputs.count).map(({ address }) => address);
  const replaces = [
    ...("pool" in unknowns || inputs.pool !== state.pool ? ["pool"] : []),
    ...("rotation" in unknowns || inputs.rotation !== state.rotation ? ["rotation"] : []),
    ...(inputs.contiguous === true && !isConsecutive(staying) ? ["contiguous"] : []),
  ];
  return { changes: isAnyLost || isChanged(IN_PLACE, olds, news) || replaces.length > 0, replaces };
}

function areLeasesLost(state: BlockState): Promise<boolean> {
  const process = runtime();
  return isSoUnlessUnusable(async () => {
    const register = await process.registerOf(provenanceOf(state));
    for (const ref of state.refs) if (await isLost(ref, register)) return true;
    return false;
  });
}
