import { classify } from "../../provider/mac/classify";
import { readMac } from "../../provider/mac/mac";
import type { Entry, Fault } from "./entry";

/** Why an address beside the one of its record is not registered: nobody knows which NIC has it. */
export const BESIDE: Fault = {
  code: "INVALID_FILE",
  reason:
    "It stands beside the one address that its row or object gives. Give it one of its own, or register it with macpool claim.",
};

/** Returns whether `text` is surely the address of a NIC: twelve digits by themselves may count something. */
export function isNicAddress(text: string): boolean {
  const mac = /[:.-]/.test(text) ? readMac(text) : undefined;
  return mac !== undefined && classify(mac, { universal: true }).claim !== "refuse";
}

/** Returns `entries`, and then each of `strays` whose address none of them has, once: it must not be passed over. */
export function withStrays(entries: readonly Entry[], strays: readonly Entry[]): readonly Entry[] {
  const known = new Set(entries.map(({ address }) => readMac(address.trim())));
  known.delete(undefined);
  const unknown = strays.filter(({ address }) => {
    const mac = readMac(address);
    if (address === "" || known.has(mac)) return false;
    if (mac !== undefined) known.add(mac);
    return true;
  });
  return [...entries, ...unknown];
}
