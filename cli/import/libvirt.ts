import { SaxesParser, type SaxesTagPlain } from "saxes";
import { type Entry, type Fault, unreadable } from "./entry";
import { assignedIn } from "./qemu";
import { withStrays } from "./strays";

/** Deeper than any domain, and shallow enough for a list of open elements. */
const MAX_DEPTH = 1000;

/**
 * Reads the domains that `virsh dumpxml` printed, one or several after one another. The owner is `DOMAIN/INDEX`: what the
 * host calls the NIC (`vnet7`, `net0`) changes with every start; an alias of the user's own (`ua-...`) does not.
 */
export function parseLibvirt(text: string): readonly Entry[] {
  const reader = new DomainReader();
  const parser = new SaxesParser<{ fragment: true; xmlns: false }>({ fragment: true, xmlns: false });
  parser.on("doctype", () => {
    throw unreadable(`line ${parser.line}`, "a libvirt domain has no DOCTYPE.");
  });
  parser.on("error", (error) => {
    throw unreadable(`line ${parser.line}`, `it is not well-formed XML (${error.message.slice(0, 200)}).`);
  });
  parser.on("opentag", (tag) => reader.open(tag, parser.line));
  parser.on("text", (words) => reader.text(words));
  parser.on("cdata", (words) => reader.text(words));
  parser.on("closetag", () => reader.close());
  // Each document has its own declaration, which only the first may have in one text.
  parser.write(text.replace(/^\ufeff/, "").replace(/<\?xml[^>]*>/g, "")).close();
  if (reader.domains === 0) throw unreadable("line 1", "it has no <domain>.");
  return withStrays(reader.entries, reader.strays);
}

const STRAY: Fault = {
  code: "INVALID_FILE",
  reason:
    "It is of no <domain> by itself, as in a snapshot or a network. Import what virsh dumpxml prints, or register it with macpool claim.",
};

const HANDED_ON: Fault = {
  code: "INVALID_FILE",
  reason: "The domain hands it to QEMU itself, in <qemu:commandline>. Register it with macpool claim.",
};

interface Nic {
  readonly line: number;
  readonly address: string;
  readonly alias: string | undefined;
}

class DomainReader {
  readonly entries: Entry[] = [];
  /** Addresses that elements other than a domain's NIC have, which may be one of these all the same. */
  readonly strays: Entry[] = [];
  domains = 0;
  readonly #path: string[] = [];
  #name = "";
  #nics: Nic[] = [];
  #nic: Nic | undefined;

  open({ name, attributes }: SaxesTagPlain, line: number): void {
    if (this.#path.length >= MAX_DEPTH) throw unreadable(`line ${line}`, "it is nested too deeply.");
    this.#path.push(name);
    const path = this.#path.join("/");
    for (const stray of straysOf(path, attributes)) this.strays.push({ place: `line ${line}`, ...stray });
    switch (path) {
      case "domain":
        this.domains += 1;
        break;
      case "domain/devices/interface":
        this.#nic = { line, address: "", alias: undefined };
        break;
      case "domain/devices/interface/mac":
        if (this.#nic !== undefined) this.#nic = { ...this.#nic, address: attributes["address"] ?? "" };
        break;
      case "domain/devices/interface/alias":
        if (this.#nic !== undefined) this.#nic = { ...this.#nic, alias: attributes["name"] };
        break;
    }
  }

  text(words: string): void {
    if (this.#path.join("/") === "domain/name") this.#name += words;
  }

  close(): void {
    const path = this.#path.join("/");
    if (path === "domain/devices/interface" && this.#nic !== undefined) this.#nics.push(this.#nic);
    if (path === "domain") this.#endDomain();
    this.#path.pop();
  }

  #endDomain(): void {
    const domain = this.#name.trim();
    for (const [index, { line, address, alias }] of this.#nics.entries()) {
      const nic = alias?.startsWith("ua-") === true ? alias : index;
      // libvirt gives every NIC an address when it is defined; in a text written by hand there may be none yet.
      const skip = address === "" ? "It has no address yet." : undefined;
      this.entries.push({
        place: `line ${line}`,
        address,
        owner: domain === "" ? undefined : `${domain}/${nic}`,
        skip,
      });
    }
    this.#name = "";
    this.#nics = [];
  }
}

/** Returns what an element that is no NIC of a domain says of addresses: a snapshot's, a network's, or QEMU's own arguments. */
function straysOf(path: string, { address, mac, value }: SaxesTagPlain["attributes"]): readonly Omit<Entry, "place">[] {
  if (path === "domain/devices/interface/mac") return [];
  if (/(?:^|\/)(?:interface|network)\/mac$/.test(path)) return [{ address: address ?? "", fault: STRAY }];
  if (path.endsWith("/dhcp/host")) return mac === undefined ? [] : [{ address: mac, fault: STRAY }];
  if (value === undefined || !/:commandline\/[^/]*:arg$/.test(path)) return [];
  return assignedIn(value).map((assigned) => ({ address: assigned, fault: HANDED_ON }));
}
