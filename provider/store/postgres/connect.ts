import { MacpoolError } from "../../error";
import { patienceOf, type Waiting } from "../patience";
import type { StoreContext } from "../store";
import { connect, type Database, type DatabaseOptions } from "./database";
import { withRetries } from "./retry";

/** Starting, stopping or recovering; and no connection left. Where nobody listens at all, waiting seldom helps. */
const SOON = ["57P03", "53300"];

/**
 * Connects as {@link connect} does, and waits for a server that will take connections before long.
 *
 * @throws MacpoolError as `connect`, REGISTER_UNREACHABLE at the deadline.
 */
export function connectWhenReady(
  store: string,
  context: Pick<StoreContext, "storePassword" | "warn">,
  options: DatabaseOptions & Waiting = {},
): Promise<Database> {
  return withRetries(
    // What `connect` throws says already where the register is.
    patienceOf("", context, options),
    () => connect(store, { password: context.storePassword, ...options }),
    (error) => MacpoolError.is(error) && SOON.includes(String(error.details["postgres"])),
  );
}
