import * as pulumi from "@pulumi/pulumi";
import {
  type DnsmasqHost,
  dashed,
  dnsmasqHost,
  dotted,
  eui64,
  integer,
  type LibvirtInterface,
  libvirtInterface,
  linkLocalIpv6,
  netplanMatch,
  qemuDevice,
  slaac,
  upper,
} from "./formats";
import { ignoringArguments } from "./ignored";
import { secretWith } from "./keepers";
import { LOADER } from "./loader";
import { assertNoImport } from "./no-import";
import { ownerInputs, ownerOf } from "./owner";
import { claimOwner } from "./owner-guard";
import { promisedInstallation, providerFor } from "./provider";
import { isOfType } from "./shared";

/** The same properties, each of which may be an Output. */
type Inputs<T> = { readonly [Key in keyof T]: pulumi.Input<T[Key]> };

/** What a {@link MacAddress} may be given. Everything is optional: `new MacAddress("web-1-nic")` is complete. */
export interface MacAddressArgs {
  /** The pool to take the address from. Default: `macpool:pool` of the configuration, else `default`. Changing it replaces. */
  pool?: pulumi.Input<string> | undefined;
  /**
   * One given address to claim instead of any free one, in any usual spelling. Fails when another owner holds it
   * (see `adopt`).
   * Changing it replaces; removing it keeps the address. It becomes the resource's id, which a state shows: a secret does not
   * stay one.
   */
  address?: pulumi.Input<string> | undefined;
  /**
   * Whether to take over the address that the same owner holds under another installation, after a stack moved to another
   * backend or lost its state; with `address`, also one that `macpool claim`, `next` or `import` leased, whatever its
   * owner. Default false. Remove it after the `pulumi up` that adopted.
   */
  adopt?: pulumi.Input<boolean> | undefined;
  /**
   * The text that names this NIC in the register. Default: organization, project, stack, parent types and name, such as
   * `acme/network/prod/web-1-nic`. Give one to keep the address across a move to another project or stack, and there
   * `adopt: true` unless it was released here first. Two resources of a program may not share one: they would get the same
   * address. In one update an owner cannot go from a resource that stays to a new one.
   */
  owner?: pulumi.Input<string> | undefined;
  /**
   * Arbitrary texts; a change of any asks for a new address, as in `@pulumi/random`. A secret keeper stays secret; of one that
   * a transformation adds, the state shows a digest.
   */
  keepers?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  /** A note for people who look at the register. Updated in place. */
  description?: pulumi.Input<string> | undefined;
  /** Labels for people and tools that look at the register. Updated in place. */
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
}

/**
 * A MAC address for one NIC: unique among all stacks that share the register, and the same for as long as it is declared,
 * through updates, refreshes, crashes, and `pulumi destroy` followed by `pulumi up`.
 *
 * ```ts
 * const nic = new MacAddress("web-1-nic");
 * export const mac = nic.address; // 42:59:ef:80:95:8d
 * ```
 *
 * The first preview already shows the address. `pulumi import` cannot work with dynamic providers (pulumi/pulumi#16175):
 * give `address` and `adopt` instead.
 *
 * Subclasses that redeclare an output write `declare readonly address: ...`: with target ES2022 a plain field would
 * overwrite the value that this constructor sets.
 */
export class MacAddress extends pulumi.CustomResource {
  /** The type token; policy packs match on it. */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/macpool:MacAddress";

  /** The address: lower case, colons, two digits per octet. Also the resource's id. */
  declare readonly address: pulumi.Output<string>;
  /** The text that names this NIC in the register. */
  declare readonly owner: pulumi.Output<string>;
  /** The pool the address comes from. */
  declare readonly pool: pulumi.Output<string>;
  /** The id of the register that holds the lease. */
  declare readonly storeId: pulumi.Output<string>;
  /** The note given in the arguments. */
  declare readonly description: pulumi.Output<string | undefined>;
  /** The labels given in the arguments. */
  declare readonly tags: pulumi.Output<Record<string, string> | undefined>;

  /**
   * Reads an address that another stack manages; this stack neither changes nor releases it.
   *
   * @param name A logical name for the lookup, unique in the stack.
   * @param id The address, in any usual spelling: `id` stays as it is given, `address` is lower case with colons.
   * @param opts The usual resource options.
   */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts: pulumi.CustomResourceOptions = {}): MacAddress {
    return new MacAddress(name, {}, { ...opts, id });
  }

  /** Returns whether `value` is a MacAddress, also when a second copy of this package made it. */
  static override isInstance(value: unknown): value is MacAddress {
    return isOfType(value, MacAddress.__pulumiType);
  }

  /**
   * @param name The logical name, unique among the MAC addresses below the same kind of parent. It is part of the owner.
   * @param args What to ask for; nothing is required.
   * @param opts The usual resource options. `provider` selects a register other than the configured one.
   * @throws pulumi.RunError when another MacAddress of this program has the same `owner`, and for the option `import`.
   */
  constructor(name: string, args: MacAddressArgs = {}, opts: pulumi.CustomResourceOptions = {}) {
    assertNoImport(`MacAddress "${name}"`, "`address` and `adopt: true`", opts);
    const provider = providerFor(MacAddress.__pulumiType, opts);
    const existing = opts.id !== undefined || opts.urn !== undefined;
    const installation = promisedInstallation();
    const claim = (owner: string, explicit: boolean) => claimOwner(provider, owner, { name, explicit });
    const inputs = existing
      ? { ...outputs, __provider: LOADER }
      : {
          ...inputsOf(args),
          ...ownerInputs(args.owner, ownerOf(name, MacAddress.__pulumiType, opts.parent), claim),
          installation: installation.promise,
        };
    super(MacAddress.__pulumiType, name, inputs, { ...ignoringArguments(opts, names), provider });
    // Asked after the fact, because a transformation may have put another provider into the options.
    installation.settle(this.getProvider(MacAddress.__pulumiType));
  }

  /** The address as `42-00-00-00-00-01`. */
  get dashed(): pulumi.Output<string> {
    return this.address.apply(dashed);
  }

  /** The address as `4200.0000.0001`. */
  get dotted(): pulumi.Output<string> {
    return this.address.apply(dotted);
  }

  /** The address as `42:59:EF:80:95:8D`. */
  get upper(): pulumi.Output<string> {
    return this.address.apply(upper);
  }

  /** The address as an integer from 0 to 2^48 - 1, first octet most significant. */
  get integer(): pulumi.Output<number> {
    return this.address.apply(integer);
  }

  /** The IPv6 interface identifier of a guest that uses EUI-64, as `4000:00ff:fe00:0001` (RFC 4291 appendix A). */
  get eui64(): pulumi.Output<string> {
    return this.address.apply(eui64);
  }

  /**
   * The IPv6 link-local address, as `fe80::4000:ff:fe00:1`, if the guest uses EUI-64. Guests with stable-privacy or
   * temporary addresses (RFC 7217, RFC 8981), the default of many distributions, have another one.
   */
  get linkLocalIpv6(): pulumi.Output<string> {
    return this.address.apply(linkLocalIpv6);
  }

  /**
   * Returns the value of QEMU's `-device` for this NIC: `virtio-net-pci,netdev=net0,mac=42:00:00:00:00:01`.
   *
   * @param netdev The id of the `-netdev` that it belongs to.
   * @param model The device model. Default `virtio-net-pci`.
   * @throws RangeError, inside the Output, when either is no QEMU identifier.
   */
  qemuDevice(netdev: pulumi.Input<string>, model = "virtio-net-pci"): pulumi.Output<string> {
    return textOf(this, pulumi.output(netdev), (address, id) => qemuDevice(address, id, model));
  }

  /**
   * Returns the `<interface>` element of a libvirt domain for this NIC, attached to a libvirt network or to a bridge of
   * the host (https://libvirt.org/formatdomain.html#network-interfaces).
   *
   * @param attachment Either `network` or `bridge`, and the `model` if it is not `virtio`.
   * @throws RangeError, inside the Output, when both or none are given, or when a value is not one of its kind.
   */
  libvirtInterface(attachment: Inputs<LibvirtInterface>): pulumi.Output<string> {
    return textOf(this, pulumi.output(attachment), libvirtInterface);
  }

  /**
   * Returns the value of `dhcp-host=` of dnsmasq(8), also a line of its `dhcp-hostsfile`:
   * `42:00:00:00:00:01,192.0.2.10,web-1`.
   *
   * @param host The IP address and the name that the DHCP server gives to this NIC. Default: none, which makes it known.
   * @throws RangeError, inside the Output, when `ip` is no IP address, or `name` no host name (RFC 1123) for dnsmasq.
   */
  dnsmasqHost(host: Inputs<DnsmasqHost> = {}): pulumi.Output<string> {
    return textOf(this, pulumi.output(host), dnsmasqHost);
  }

  /**
   * Returns the IPv6 address below `prefix`, as `2001:db8::4000:ff:fe00:1`, if the guest forms it by stateless
   * autoconfiguration with EUI-64 (RFC 4862 section 5.5.3, RFC 4291 appendix A; written as RFC 5952 says). Guests with
   * stable-privacy or temporary addresses (RFC 7217, RFC 8981), the default of many distributions, have another one.
   *
   * @param prefix The prefix that routers announce, such as `2001:db8::/64`.
   * @throws RangeError, inside the Output, when it is not a /64 of unicast addresses.
   */
  slaac(prefix: pulumi.Input<string>): pulumi.Output<string> {
    return textOf(this, pulumi.output(prefix), slaac);
  }

  /**
   * Returns the lines by which a device of netplan's `ethernets:` finds this NIC and, with a `name`, calls it so:
   * `match: { macaddress: "42:00:00:00:00:01" }` and `set-name: "lan0"`
   * (https://netplan.readthedocs.io/en/stable/netplan-yaml/).
   *
   * @param name What to call the NIC in the guest. Default: what the guest calls it.
   * @param indent Spaces before every line but the first, for a place inside a template literal. Default 0.
   * @throws RangeError, inside the Output, when `name` is no name of a network device.
   */
  netplanMatch(name?: pulumi.Input<string | undefined>, indent = 0): pulumi.Output<string> {
    return textOf(this, pulumi.output(name), (address, text) => netplanMatch(address, text, indent));
  }
}

/** Returns the text that `format` makes of an address and of what the caller gave; it fails inside the Output. */
function textOf<T>(
  { address }: MacAddress,
  given: pulumi.Output<T>,
  format: (address: string, given: T) => string,
): pulumi.Output<string> {
  return address.apply((known) => given.apply((value) => format(known, value)));
}

/** What a program calls the arguments; for all of `ignoreChanges` the provider knows `address` under this name too. */
const names: Readonly<Record<keyof MacAddressArgs, true>> = {
  pool: true,
  address: true,
  adopt: true,
  owner: true,
  keepers: true,
  description: true,
  tags: true,
};

/** Pulumi makes an Output only for properties that are present, if undefined (`transferProperties`, runtime/rpc.ts). */
const outputs = {
  address: undefined,
  owner: undefined,
  pool: undefined,
  storeId: undefined,
  description: undefined,
  tags: undefined,
};

/**
 * What `check` receives, but for owner and installation. `address` is left to the provider; the claim travels apart. What
 * is neither given nor an output is left out, because Pulumi makes four promises for every property that is present.
 */
function inputsOf(args: MacAddressArgs): pulumi.Inputs {
  const { pool, address, adopt, keepers, description, tags } = args;
  return {
    ...outputs,
    pool,
    description,
    tags,
    ...(address === undefined ? {} : { requestedAddress: address }),
    ...(adopt === undefined ? {} : { adopt }),
    ...(keepers === undefined ? {} : { keepers }),
    rotation: secretWith(keepers),
    __provider: LOADER,
  };
}
