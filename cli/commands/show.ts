import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import { dateText } from "../../provider/lease/held";
import type { Pool, Reservation } from "../../provider/lease/pool";
import { type Classification, classify } from "../../provider/mac/classify";
import { formatMac, type Mac } from "../../provider/mac/mac";
import { contains, formatRange } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { type LeaseRow, leaseJson, leaseReader, stateColour, tagsText } from "../output/leases";
import type { Field } from "../output/output";
import { withRegister } from "../register";
import { parseSubject } from "../subject";

/** What a register knows of an address. */
interface Known {
  readonly address: Mac;
  readonly classification: Classification;
  /** The pool that hands the address out. */
  readonly pool: Pool | undefined;
  readonly reservations: readonly Reservation[];
  readonly row: LeaseRow | undefined;
}

/** Returns `macpool show`: prints everything known of an address, or of each address of an owner. */
export function showCommand(): Command {
  return new Command("show")
    .description("print everything known of an address, or of every address of an owner")
    .argument("<mac-or-owner>", "an address in any spelling, or the exact owner")
    .addHelpText("after", "\nExample:\n  macpool show 4200.0000.0000")
    .action(async (text: string, _options: object, command: Command) => {
      const subject = parseSubject(text);
      await withRegister(command, async (register, output) => {
        if ("address" in subject) {
          const known = await lookUp(register, subject.address);
          await output.fields(fieldsOf(known), jsonOf(known));
          return;
        }
        const all = await allOf(register, subject.owner);
        const fields = all.map(fieldsOf);
        await output.fieldGroups(fields, { owner: subject.owner, leases: all.map(jsonOf) });
      });
    });
}

async function lookUp(register: LeaseStore, address: Mac): Promise<Known> {
  const known = (await knower(register))(address, await register.find(address));
  if (known.row !== undefined || known.pool !== undefined || known.reservations.length > 0) return known;
  throw new MacpoolError(
    "LEASE_NOT_FOUND",
    `Nothing is known of ${formatMac(address)}: it lies in no pool, nobody ever had it, and it is not reserved. ${known.classification.note}`,
    { details: { address: formatMac(address), kind: known.classification.kind } },
  );
}

async function allOf(register: LeaseStore, owner: string): Promise<readonly Known[]> {
  const know = await knower(register);
  const all: Known[] = [];
  for await (const lease of register.list({ owner })) all.push(know(lease.address, lease));
  if (all.length > 0) return all;
  throw new MacpoolError("LEASE_NOT_FOUND", `Owner "${owner}" has no address, and none that it had is still its own.`, {
    details: { owner },
  });
}

async function knower(register: LeaseStore) {
  const pools = await register.pools();
  const reservations = await register.reserved();
  const read = leaseReader(pools, Date.now());
  return (address: Mac, lease: Awaited<ReturnType<LeaseStore["find"]>>): Known => {
    const pool = pools.find(({ ranges }) => contains(ranges, address));
    return {
      address,
      classification: classify(address, { universal: pool?.universal ?? false }),
      pool,
      reservations: reservations.filter((range) => contains([range], address)),
      row: lease === undefined ? undefined : read(lease),
    };
  };
}

/** Returns whether the address can be had, in a word. */
function stateText({ row, pool, reservations }: Known): string {
  if (row?.state === "live") return "live";
  if (reservations.length > 0) return "reserved";
  return row?.state ?? (pool === undefined ? "in no pool" : "never issued");
}

function fieldsOf(known: Known): readonly Field[] {
  const { address, classification, pool, reservations, row } = known;
  return [
    { label: "address", text: formatMac(address) },
    { label: "state", text: stateText(known), colour: row === undefined ? undefined : stateColour(row.state) },
    { label: "pool", text: row?.lease.pool ?? pool?.name ?? "" },
    { label: "class", text: `${classification.kind}: ${classification.note}` },
    ...reservations.map((range) => ({ label: "reserved", text: `${formatRange(range)}: ${range.reason}` })),
    ...(row === undefined ? [] : leaseFields(row)),
  ].filter(({ text }) => text !== "");
}

function leaseFields({ lease, quarantineEnd }: LeaseRow): readonly Field[] {
  const date = (time: number | undefined) => (time === undefined ? "" : dateText(time));
  return [
    { label: "owner", text: lease.owner },
    { label: "installation", text: lease.installation },
    { label: "rotation", text: lease.rotation },
    { label: "acquired", text: date(lease.acquiredAt) },
    { label: "released", text: date(lease.releasedAt) },
    { label: "quarantine ends", text: date(quarantineEnd) },
    { label: "description", text: lease.description },
    { label: "tags", text: tagsText(lease.tags) },
  ];
}

function jsonOf(known: Known) {
  const { address, classification, pool, reservations, row } = known;
  return {
    address: formatMac(address),
    state: stateText(known),
    pool: row?.lease.pool ?? pool?.name ?? null,
    class: { kind: classification.kind, note: classification.note },
    reserved: reservations.map((range) => ({ range: formatRange(range), reason: range.reason })),
    lease: row === undefined ? null : leaseJson(row),
  };
}
