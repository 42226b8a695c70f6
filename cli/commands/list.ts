import { Command, Option } from "commander";
import type { Lease } from "../../provider/lease/lease";
import type { LeaseFilter } from "../../provider/store/store";
import { LEASES, type LeaseRow, leaseReader } from "../output/leases";
import { poolNamed } from "../pool-named";
import { withRegister } from "../register";

const STATES = ["live", "released", "quarantined", "reusable"] as const;

interface ListOptions {
  readonly pool?: string;
  readonly owner?: string;
  readonly state?: (typeof STATES)[number];
}

/** Returns `macpool list`: prints leases as the register yields them. */
export function listCommand(): Command {
  return new Command("list")
    .description("list leases, by address or, with --owner, by owner")
    .option("--pool <name>", "those of this pool")
    .option("--owner <prefix>", "those whose owner begins so")
    .addOption(
      new Option("--state <state>", "those in this state; released: quarantined or reusable").choices([...STATES]),
    )
    .addHelpText("after", "\nExample:\n  macpool list --state live --owner acme/web/")
    .action(async (options: ListOptions, command: Command) => {
      await withRegister(command, async (register, output) => {
        const pools = await register.pools();
        const read = leaseReader(pools, Date.now());
        const count = await output.rows(selected(register.list(filterOf(options)), read, options), LEASES);
        // A pool that was deleted may still have leases; one that never was has none.
        if (count === 0 && options.pool !== undefined) poolNamed(options.pool, pools);
      });
    });
}

function filterOf({ pool, owner, state }: ListOptions): LeaseFilter {
  return { pool, ownerPrefix: owner, state: state === undefined || state === "live" ? state : "released" };
}

async function* selected(
  leases: AsyncIterable<Lease>,
  read: (lease: Lease) => LeaseRow,
  { state }: ListOptions,
): AsyncIterable<LeaseRow> {
  for await (const lease of leases) {
    const row = read(lease);
    if (state === "quarantined" || state === "reusable" ? row.state === state : true) yield row;
  }
}
