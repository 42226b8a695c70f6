import { MacpoolError } from "../error";
import { firstOctet, firstOctetSize, formatMac, highestMac, type Mac } from "./mac";
import { assertRange, contains, formatRange, normalizeRanges, parsePrefix, type Range } from "./range";
import { wellKnownNote } from "./well-known";

/** What kind of address it is (IEEE 802; local quadrants from the SLAP, IEEE 802c-2017), and what to do with it. */
export interface Classification {
  readonly kind:
    | "null"
    | "broadcast"
    | "group"
    | "protocol"
    | "libvirt-tap"
    | "universal"
    | "slap-reserved"
    | "eli"
    | "sai"
    | "aai";
  /** Whether an allocator may choose such an address although no operator named the block. */
  readonly generate: boolean;
  /** What to do when a user asks for this very address. */
  readonly claim: "accept" | "info" | "warn" | "refuse";
  /** One short sentence: the well-known block or its user, else the reason for the verdict. */
  readonly note: string;
}

interface Rule extends Classification {
  readonly matches: (mac: Mac) => boolean;
}

const groupBit = 0x01;
const localBit = 0x02;
const slapBits = 0x0c;
const tapOctet = 0xfe;

/** Unicast blocks that routers and clusters move between hosts: every pool skips them as if they were reserved. */
export const neverAllocated: readonly Range[] = normalizeRanges([
  parsePrefix("00:00:5e"),
  parsePrefix("00:00:0c:07:ac"),
  parsePrefix("02:bf"),
]);

const rules: readonly Rule[] = [
  {
    kind: "null",
    generate: false,
    claim: "refuse",
    note: "The all-zero address means that there is none.",
    matches: (mac) => mac === 0,
  },
  {
    kind: "broadcast",
    generate: false,
    claim: "refuse",
    note: "The all-ones address is broadcast.",
    matches: (mac) => mac === highestMac,
  },
  {
    kind: "group",
    generate: false,
    claim: "refuse",
    note: "An odd first octet makes it a group (multicast) address.",
    matches: isGroup,
  },
  {
    kind: "protocol",
    generate: false,
    claim: "refuse",
    note: "Its block is for protocols.",
    matches: (mac) => contains(neverAllocated, mac),
  },
  {
    kind: "libvirt-tap",
    generate: false,
    claim: "warn",
    note: "libvirt puts fe first on the host side of a guest's NIC, and some releases refuse it in a guest.",
    matches: (mac) => firstOctet(mac) === tapOctet,
  },
  {
    kind: "universal",
    generate: false,
    claim: "warn",
    note: "A universally administered address belongs to the owner of its OUI.",
    matches: (mac) => !isLocal(mac),
  },
  {
    kind: "slap-reserved",
    generate: false,
    claim: "warn",
    note: "Second digit 6: IEEE 802c reserves this quarter of the local addresses.",
    matches: (mac) => slapQuadrant(mac) === 0x04,
  },
  {
    kind: "eli",
    generate: false,
    claim: "info",
    note: "Second digit a: an Extended Local Identifier, for the owner of an IEEE Company ID (802c).",
    matches: (mac) => slapQuadrant(mac) === 0x08,
  },
  {
    kind: "sai",
    generate: false,
    claim: "info",
    note: "Second digit e: a Standard Assigned Identifier, for IEEE 802 protocols (802c).",
    matches: (mac) => slapQuadrant(mac) === 0x0c,
  },
];

const aai: Classification = {
  kind: "aai",
  generate: true,
  claim: "accept",
  note: "Second digit 2: free for the local administrator (AAI, IEEE 802c).",
};

const ownedOui: Classification = {
  kind: "universal",
  generate: true,
  claim: "accept",
  note: "A universally administered address in an OUI that its pool declares as owned.",
};

/**
 * Returns the kind of `mac` and what to do with it; the first rule that matches decides. `universal: true` is for a pool
 * of an owned OUI: there, and only there, universally administered addresses are generated and accepted.
 *
 * @throws MacpoolError INTERNAL when `mac` is not a {@link Mac}.
 */
export function classify(mac: Mac, options: { universal?: boolean } = {}): Classification {
  const rule = rules.find(({ matches }) => matches(mac)) ?? aai;
  const { kind, generate, claim, note } = rule.kind === "universal" && options.universal === true ? ownedOui : rule;
  return { kind, generate, claim, note: wellKnownNote(mac) ?? note };
}

/**
 * Checks that a pool may have `ranges`: every address unicast and not null, none with first octet `fe`, and, unless
 * `universal`, every address locally administered. Quadrants of the SLAP are the operator's choice. An empty list passes.
 *
 * @throws MacpoolError INVALID_RANGE, which names the first address in the way.
 */
export function assertPoolRanges(ranges: readonly Range[], universal: boolean): void {
  for (const range of ranges) {
    assertRange(range);
    for (const mac of lowestPerFirstOctet(range)) assertPoolAddress(mac, range, universal);
  }
}

/** Every rule for pools depends on the first octet alone, save the null address, which is the lowest of its octet. */
function lowestPerFirstOctet(range: Range): readonly Mac[] {
  const first = firstOctet(range.start);
  const others = firstOctet(range.end) - first;
  const starts = Array.from({ length: others }, (_, index) => (first + index + 1) * firstOctetSize);
  return [range.start, ...starts];
}

function assertPoolAddress(mac: Mac, range: Range, universal: boolean): void {
  const fault = poolFault(mac, universal);
  if (fault === undefined) return;
  throw new MacpoolError(
    "INVALID_RANGE",
    `A pool cannot have the range ${formatRange(range)}: from ${formatMac(mac)} on it holds ${fault}.`,
  );
}

function poolFault(mac: Mac, universal: boolean): string | undefined {
  if (mac === 0) return "the all-zero address";
  if (isGroup(mac)) return "group (multicast) addresses; use an even first octet";
  if (firstOctet(mac) === tapOctet) return "addresses that libvirt keeps for the host side of a NIC; use another octet";
  if (isLocal(mac) || universal) return undefined;
  return "universally administered addresses; use a local prefix such as 42, or declare the pool universal if the OUI is yours";
}

function isGroup(mac: Mac): boolean {
  return (firstOctet(mac) & groupBit) !== 0;
}

function isLocal(mac: Mac): boolean {
  return (firstOctet(mac) & localBit) !== 0;
}

function slapQuadrant(mac: Mac): number {
  return firstOctet(mac) & slapBits;
}
