import { MacpoolError } from "../error";
import { formatMac, type Mac } from "../mac/mac";

/** Returns the refusal for a resource that would have the address of another one of the same program. */
export function handedOn(address: Mac): MacpoolError {
  const text = formatMac(address);
  return new MacpoolError(
    "INVALID_OWNER",
    `Two resources would have ${text}, because its owner goes from one to another in the same update. Change the owners in one update, and add the resource that takes over the old one in a second.`,
    { details: { address: text } },
  );
}

/** Returns a refusal of the address that a resource had, with what can be done about it; any other error as it is. */
export function outOfReach(error: unknown): unknown {
  if (!MacpoolError.is(error) || !error.code.startsWith("ADDRESS_")) return error;
  const { code, message, details } = error;
  const words = `${message} This resource had it, and somebody else ended its lease. To give the resource another address: pulumi up --target-replace URN`;
  return new MacpoolError(code, words, { cause: error, details });
}
