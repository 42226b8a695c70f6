import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import { dateText } from "../../provider/lease/held";
import type { RegisterEvent } from "../../provider/lease/lease";
import { formatMac } from "../../provider/mac/mac";
import type { Table } from "../output/table";
import { withRegister } from "../register";
import { parseSubject, subjectText } from "../subject";

const EVENTS: Table<RegisterEvent> = {
  columns: [
    { heading: "TIME", text: (event) => dateText(event.at) },
    { heading: "EVENT", text: (event) => event.kind },
    { heading: "ADDRESS", text: addressText },
    { heading: "POOL", text: (event) => event.pool },
    { heading: "OWNER", text: (event) => event.owner },
    { heading: "INSTALLATION", text: (event) => event.installation },
    { heading: "WHO", text: (event) => event.actor },
  ],
  json: ({ seq, at, kind, address, pool, owner, installation, actor }) => {
    const mac = address === undefined ? null : formatMac(address);
    return { seq, at: dateText(at), kind, address: mac, pool, owner, installation, actor };
  },
};

/** Returns `macpool history`: prints who had an address, or what became of an owner's, oldest first. */
export function historyCommand(): Command {
  return new Command("history")
    .description("print who had an address, and when; or everything that happened for an owner")
    .argument("<mac-or-owner>", "an address in any spelling, or the exact owner")
    .addHelpText("after", "\nExample:\n  macpool history 42:00:00:00:00:00")
    .action(async (text: string, _options: object, command: Command) => {
      const subject = parseSubject(text);
      await withRegister(command, async (register, output) => {
        const count = await output.rows(register.history(subject), EVENTS);
        if (count > 0) return;
        throw new MacpoolError("LEASE_NOT_FOUND", `${subjectText(subject)} has no history in this register.`);
      });
    });
}

function addressText({ address }: RegisterEvent): string {
  return address === undefined ? "" : formatMac(address);
}
