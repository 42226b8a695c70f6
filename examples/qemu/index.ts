import * as pulumi from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

interface VmArgs {
  /** Memory in MiB. */
  readonly memory: number;
  /** The NICs in the order of their slots. Their names, not their places, are what their addresses belong to. */
  readonly nics: readonly string[];
}

/** A VM that is started by hand or by a service manager: what Pulumi keeps of it are its addresses. */
class Vm extends pulumi.ComponentResource {
  /** The command that starts it, for a shell. */
  readonly command: pulumi.Output<string>;

  constructor(name: string, { memory, nics }: VmArgs) {
    super("macpool:example:Vm", name);
    const devices = nics.map((nic, slot) => {
      const mac = new MacAddress(`${name}-${nic}`, {}, { parent: this });
      return pulumi.interpolate`-netdev user,id=net${slot} -device ${mac.qemuDevice(`net${slot}`)}`;
    });
    const base = `qemu-system-x86_64 -name ${name} -machine q35 -m ${memory} -nodefaults -display none`;
    this.command = pulumi.all(devices).apply((options) => [base, ...options].join(" "));
    this.registerOutputs({ command: this.command });
  }
}

export const web = new Vm("web", { memory: 64, nics: ["lan", "storage"] }).command;
export const db = new Vm("db", { memory: 64, nics: ["lan"] }).command;
