import { Command, Option } from "commander";
import { Failed } from "../exit-code";
import { FORMATS, type Format } from "../import/format-names";
import { type Imported, type Outcome, registerEntries } from "../import/register-entries";
import { outputOf } from "../output/output";
import { startProgress } from "../output/progress";
import type { Colour, Table } from "../output/table";
import { textOf } from "../read-text";
import { commandContext, type GlobalOptions, storeOf, warn, withRegister } from "../register";
import { abortable } from "../transfer/abortable";
import { linesOf, peek } from "../transfer/lines";

const HELP = `
Registers addresses that are in use already, so that nobody else gets them. Formats, told apart by content:
  csv      a header (address or mac; owner, name or hostname; pool; description; tags), RFC 4180
  json     an array of objects with such keys, or one object a line (macpool list --json)
  libvirt  domain XML: virsh dumpxml, one or several after one another
  qemu     command lines: a script, a process list, /proc/PID/cmdline
  dnsmasq  dhcp-host options, or the file of dhcp-hostsfile
  dhcpd    host declarations of ISC dhcpd
  kea      host reservations of Kea
A whole register (macpool export) is loaded into a new one, as it was.

Every conflict is reported, and the others are registered, all in one step: an interruption leaves all of them or none.
Repeating it changes nothing. Where the file names no owner, the owner is the address itself.
A program takes such an address over with: new MacAddress("web", { address: "52:54:00:12:34:56", adopt: true })

Exit codes: 0 all are in, 1 there are conflicts, 2 the file cannot be read, 3 register unusable.

Every VM of a host of libvirt: for vm in $(virsh list --all --name); do virsh dumpxml "$vm"; done | macpool import -

Examples:
  macpool import --dry-run dnsmasq.conf
  macpool import --owner-prefix rack7/ dnsmasq.conf`;

/** More than a million hosts in any format. What is made of them takes twenty times as much memory. */
const MAX_MEBIBYTES = 64;

const COLOURS: Readonly<Record<Outcome, Colour | undefined>> = {
  added: "green",
  present: "dim",
  skipped: "dim",
  conflict: "red",
};

const IMPORTED: Table<Imported> = {
  columns: [
    { heading: "OUTCOME", text: ({ outcome }) => outcome, colour: ({ outcome }) => COLOURS[outcome] },
    { heading: "ADDRESS", text: ({ address }) => address },
    { heading: "OWNER", text: ({ owner }) => owner },
    { heading: "POOL", text: ({ pool }) => pool },
    { heading: "PLACE", text: ({ place }) => place },
    { heading: "REASON", text: ({ code, reason }) => (code === undefined ? reason : `${reason} [${code}]`) },
  ],
  json: ({ code, ...imported }) => ({ ...imported, code: code ?? null }),
};

interface ImportOptions {
  readonly format?: Format;
  readonly pool?: string;
  readonly ownerPrefix?: string;
  readonly dryRun?: boolean;
}

/** Returns `macpool import`: registers addresses that are in use already. */
export function importCommand(): Command {
  return new Command("import")
    .description("register addresses that are in use already")
    .argument("<file>", "what to read; - is stdin")
    .addOption(new Option("--format <name>", "what the file is (default: what its content shows)").choices(FORMATS))
    .option("--pool <name>", "for addresses whose pool the file does not name (default: the pool that contains them)")
    .option("--owner-prefix <text>", "put before every owner, such as the name of a host and a slash")
    .option("--dry-run", "only say what would come of it")
    .addHelpText("after", HELP)
    .action(async (file: string, options: ImportOptions, command: Command) => {
      const { firstLine, bytes } = await peek(file);
      // Here and not above: what it reads files with would make every command start later.
      const { isExport } = await import("../transfer/load-export.js");
      if (options.format === undefined && firstLine !== undefined && isExport(firstLine)) {
        await load(bytes, options, command);
        return;
      }
      const { readEntries } = await import("../import/formats.js");
      const { format, entries } = readEntries(await textOf(bytes, file, MAX_MEBIBYTES), options.format);
      await withRegister(command, async (register, output) => {
        const progress = startProgress("addresses are compared with the register and registered");
        const wanted = { ...options, isDry: options.dryRun };
        const imported = await registerEntries(register, entries, wanted, progress.announce).finally(progress.end);
        await output.rows(imported, IMPORTED);
        conclude(imported, format, options.dryRun === true);
      });
    });
}

/** An export of a whole register is no list of addresses: it becomes a new register. */
async function load(bytes: AsyncIterable<Uint8Array>, options: ImportOptions, command: Command): Promise<void> {
  if (options.dryRun === true || options.pool !== undefined || options.ownerPrefix !== undefined) {
    command.error(
      "error: the file is a whole register (macpool export), which is loaded as it is: leave the options away",
    );
  }
  const store = storeOf(command.optsWithGlobals<GlobalOptions>());
  const { loadExport } = await import("../transfer/load-export.js");
  const progress = startProgress("lines loaded");
  const loaded = await abortable((signal) =>
    loadExport(linesOf(bytes), store, commandContext(), { signal, progress: (lines) => progress.tell(lines) }),
  ).finally(() => progress.end());
  await outputOf(command).line(loaded.location, loaded);
}

function conclude(imported: readonly Imported[], format: Format, isDry: boolean): void {
  const count = (outcome: Outcome) => imported.filter((one) => one.outcome === outcome).length;
  const conflicts = count("conflict");
  warn(
    `${imported.length} addresses read as ${format}: ${count("added")} ${isDry ? "to be added" : "added"}, ${count("present")} there already, ${count("skipped")} skipped, ${conflicts} in conflict.`,
  );
  if (isDry) warn("nothing was written, because of --dry-run.");
  if (conflicts > 0) throw new Failed();
}
