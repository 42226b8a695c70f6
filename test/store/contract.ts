import { describe } from "vitest";
import { blockContract } from "./contract/block";
import { byHandContract } from "./contract/by-hand";
import { claimsContract } from "./contract/claims";
import { deletedPoolsContract } from "./contract/deleted-pools";
import { derivedContract } from "./contract/derived";
import { dumpContract } from "./contract/dump";
import { historyContract } from "./contract/history";
import { identityContract } from "./contract/identity";
import { listContract } from "./contract/list";
import { longOwnersContract } from "./contract/long-owners";
import { lookContract } from "./contract/look";
import { managerTokensContract } from "./contract/manager-tokens";
import { managersContract } from "./contract/managers";
import { plannedContract } from "./contract/planned";
import { poolsContract } from "./contract/pools";
import { predictContract } from "./contract/predict";
import { recoverContract } from "./contract/recover";
import { relaxedContract } from "./contract/relaxed";
import { renamedContract } from "./contract/renamed";
import { reservedContract } from "./contract/reserved";
import { reuseContract } from "./contract/reuse";
import { runContract } from "./contract/run";
import { sequenceContract } from "./contract/sequence";
import { verbsContract } from "./contract/verbs";
import type { Open } from "./support";

/** Every promise of `LeaseStore`, and of the rules behind it, as cases for one kind of register. */
export function storeContract(name: string, open: Open): void {
  describe(name, () => {
    identityContract(open);
    claimsContract(open);
    renamedContract(open);
    byHandContract(open);
    derivedContract(open);
    sequenceContract(open);
    relaxedContract(open);
    reuseContract(open);
    longOwnersContract(open);
    verbsContract(open);
    poolsContract(open);
    managersContract(open);
    managerTokensContract(open);
    deletedPoolsContract(open);
    reservedContract(open);
    historyContract(open);
    recoverContract(open);
    predictContract(open);
    lookContract(open);
    dumpContract(open);
    blockContract(open);
    plannedContract(open);
    runContract(open);
    listContract(open);
  });
}
