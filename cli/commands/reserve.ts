import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import { type Reservation, reservationText, withoutToken } from "../../provider/lease/pool";
import { formatRange, parseRange, type Range, rangeSize } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { assertUnmanaged, managerText } from "../managed";
import type { Table } from "../output/table";
import { warn, withRegister } from "../register";
import { warnOfWithheld } from "../withheld";

const RESERVATIONS: Table<Reservation> = {
  columns: [
    { heading: "RANGE", text: formatRange },
    { heading: "SIZE", text: (range) => String(rangeSize(range)), isRight: true },
    { heading: "MANAGED BY", text: ({ managedBy }) => managerText(managedBy) },
    { heading: "REASON", text: ({ reason }) => reason },
  ],
  json: reservationJson,
};

interface RemoveOptions {
  readonly force?: boolean;
}

/** Returns `macpool reserve` with its commands. */
export function reserveCommand(): Command {
  return new Command("reserve")
    .description("keep ranges from being handed out, or look at those that are")
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
}

function addCommand(): Command {
  return new Command("add")
    .description("reserve a range: it is never handed out; live leases in it stay")
    .argument("<range>", "a prefix, FIRST-LAST, ADDRESS/BITS or one address")
    .requiredOption("--reason <text>", "why, for whoever asks for an address in it")
    .addHelpText("after", '\nExample:\n  macpool reserve add 42:02 --reason "load balancers"')
    .action(async (text: string, { reason }: { reason: string }, command: Command) => {
      const reservation = { ...parseRange(text), reason };
      await withRegister(command, async (register, output) => {
        await register.reserve(reservation);
        const found = await reservationOf(register, reservation);
        if (found.reason !== reason || found.managedBy !== undefined) warn(reservedBefore(found));
        await warnOfWithheld(register, [reservation]);
        await output.line(formatRange(found), reservationJson(found));
      });
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("list reserved ranges, also those that every register has")
    .addHelpText("after", "\nExample:\n  macpool reserve list")
    .action(async (_options: object, command: Command) => {
      await withRegister(command, async (register, output) => {
        await output.rows(await register.reserved(), RESERVATIONS);
      });
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .description("end the reservation of exactly this range")
    .argument("<range>", "as `macpool reserve list` prints it, or in any other spelling")
    .option("--force", "also when code manages it")
    .addHelpText("after", "\nExample:\n  macpool reserve remove 42:01")
    .action(async (text: string, options: RemoveOptions, command: Command) => {
      const range = parseRange(text);
      await withRegister(command, async (register, output) => {
        const reservation = await reservationOf(register, range);
        assertUnmanaged(`The reservation of ${formatRange(range)}`, reservation.managedBy, options.force === true);
        if (!(await register.unreserve(range))) throw notRemovable(range);
        await output.line(formatRange(range), reservationJson(reservation));
      });
    });
}

async function reservationOf(register: LeaseStore, { start, end }: Range): Promise<Reservation> {
  const found = (await register.reserved()).find((other) => other.start === start && other.end === end);
  if (found !== undefined) return found;
  throw new MacpoolError(
    "RESERVATION_NOT_FOUND",
    `There is no reservation of exactly ${formatRange({ start, end })}. See: macpool reserve list.`,
    { details: { range: formatRange({ start, end }) } },
  );
}

function reservedBefore(found: Reservation): string {
  const by = found.managedBy === undefined ? "" : `, managed by ${managerText(found.managedBy)} and ended with it`;
  return `${reservationText(found)} was reserved before${by}, and was left as it is.`;
}

function notRemovable(range: Range): MacpoolError {
  return new MacpoolError(
    "RESERVATION_NOT_FOUND",
    `${formatRange(range)} is reserved in every register, for protocols, or was removed meanwhile.`,
    { details: { range: formatRange(range) } },
  );
}

function reservationJson(reservation: Reservation) {
  const { reason, managedBy } = reservation;
  return {
    range: formatRange(reservation),
    size: rangeSize(reservation),
    reason,
    managedBy: withoutToken(managedBy) ?? null,
  };
}
