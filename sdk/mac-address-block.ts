import * as pulumi from "@pulumi/pulumi";
import { ignoringArguments } from "./ignored";
import { secretWith } from "./keepers";
import { BLOCK_LOADER } from "./loader";
import { assertNoImport } from "./no-import";
import { ownerInputs, ownerOf } from "./owner";
import { claimBlockOwner } from "./owner-guard";
import { promisedInstallation, providerFor } from "./provider";
import { isOfType } from "./shared";

/** What a {@link MacAddressBlock} may be given; only `count` is required. */
export interface MacAddressBlockArgs {
  /**
   * How many addresses, 1 to 1024. Growing keeps the ones there are and adds at the end, shrinking releases the last ones;
   * both happen in place.
   */
  count: pulumi.Input<number>;
  /**
   * Whether the addresses must be consecutive, such as `42:00:00:00:00:08` to `42:00:00:00:00:0b`. Default false. Such a
   * block grows only while the addresses after it are free; otherwise a changed keeper gets it a new run. Setting it on a
   * block whose addresses are not consecutive replaces the block.
   */
  contiguous?: pulumi.Input<boolean> | undefined;
  /** The pool to take the addresses from. Default: `macpool:pool` of the configuration, else `default`. Changing it replaces. */
  pool?: pulumi.Input<string> | undefined;
  /**
   * Arbitrary texts; a change of any asks for new addresses, as in `@pulumi/random`. A secret keeper stays secret; of one that
   * a transformation adds, the state shows a digest.
   */
  keepers?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  /**
   * The text that names this block in the register; the address of index 2 belongs to `<owner>[2]`. Default: organization,
   * project, stack, parent types and name, as for a MacAddress.
   */
  owner?: pulumi.Input<string> | undefined;
  /**
   * Whether to take over the addresses that the same owner holds under another installation, after a stack moved to
   * another backend or lost its state. Default false. Remove it after the `pulumi up` that adopted.
   */
  adopt?: pulumi.Input<boolean> | undefined;
  /** A note for people who look at the register, on each address. Updated in place. */
  description?: pulumi.Input<string> | undefined;
  /** Labels for people and tools that look at the register, on each address. Updated in place. */
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
}

/**
 * Several MAC addresses that come and go together: all in one transaction or none, each with the promises of a MacAddress.
 *
 * ```ts
 * const nics = new MacAddressBlock("router", { count: 4, contiguous: true });
 * export const uplink = nics.address(0);
 * ```
 */
export class MacAddressBlock extends pulumi.CustomResource {
  /** The type token; policy packs match on it. */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/macpool:MacAddressBlock";

  /** The addresses by index: lower case, colons, two digits per octet. The first one is the resource's id. */
  declare readonly addresses: pulumi.Output<string[]>;
  /** The text that names this block in the register. */
  declare readonly owner: pulumi.Output<string>;
  /** The pool the addresses come from. */
  declare readonly pool: pulumi.Output<string>;
  /** The number of addresses. */
  declare readonly count: pulumi.Output<number>;
  /** The id of the register that holds the leases. */
  declare readonly storeId: pulumi.Output<string>;
  /** The note given in the arguments. */
  declare readonly description: pulumi.Output<string | undefined>;
  /** The labels given in the arguments. */
  declare readonly tags: pulumi.Output<Record<string, string> | undefined>;
  /** In a preview, the addresses that are known while others are not; "" stands for those. */
  declare private readonly known: pulumi.Output<string[] | undefined>;
  readonly #count: pulumi.Input<number>;

  /** Returns whether `value` is a MacAddressBlock, also when a second copy of this package made it. */
  static override isInstance(value: unknown): value is MacAddressBlock {
    return isOfType(value, MacAddressBlock.__pulumiType);
  }

  /**
   * @param name The logical name, unique among the blocks below the same kind of parent. It is part of the owner.
   * @param args How many addresses, and which.
   * @param opts The usual resource options. `provider` selects a register other than the configured one.
   * @throws pulumi.RunError when another resource of this program has the same `owner`, or that of one of its addresses; for the
   * option `import`.
   */
  constructor(name: string, args: MacAddressBlockArgs, opts: pulumi.CustomResourceOptions = {}) {
    const type = MacAddressBlock.__pulumiType;
    assertNoImport(`MacAddressBlock "${name}"`, "`owner` and `adopt: true`", opts);
    const provider = providerFor(type, opts);
    const installation = promisedInstallation();
    const claim = (owner: string, explicit: boolean) => claimBlockOwner(provider, owner, { name, explicit });
    const inputs = {
      ...inputsOf(args),
      ...ownerInputs(args.owner, ownerOf(name, type, opts.parent), claim),
      installation: installation.promise,
    };
    super(type, name, inputs, { ...ignoringArguments(opts, names), provider });
    this.#count = args.count;
    // Asked after the fact, because a transformation may have put another provider into the options.
    installation.settle(this.getProvider(type));
  }

  /**
   * Returns the address of an index, from 0 on. In a preview it is known as soon as this one is, whether or not the others are.
   *
   * @throws RangeError at once when `count` was given as a number and the block has no such index; otherwise inside the Output.
   */
  address(index: number): pulumi.Output<string> {
    if (typeof this.#count === "number") assertIndex(index, this.#count);
    const whole = this.addresses.apply((addresses) => {
      assertIndex(index, addresses.length);
      return addresses[index] ?? "";
    });
    return this.known.apply((known) => pulumi.output(known?.[index] || whole));
  }
}

/** What a program calls the arguments. */
const names: Readonly<Record<keyof MacAddressBlockArgs, true>> = {
  count: true,
  contiguous: true,
  pool: true,
  keepers: true,
  owner: true,
  adopt: true,
  description: true,
  tags: true,
};

/** Pulumi makes an Output only for properties that are present, if undefined (`transferProperties`, runtime/rpc.ts). */
const outputs = { addresses: undefined, storeId: undefined, known: [] };

/** What `check` receives, but for owner and installation. What is neither given nor an output is left out. */
function inputsOf(args: MacAddressBlockArgs): pulumi.Inputs {
  const { count, contiguous, pool, adopt, keepers, description, tags } = args;
  return {
    ...outputs,
    count,
    pool,
    description,
    tags,
    ...(contiguous === undefined ? {} : { contiguous }),
    ...(adopt === undefined ? {} : { adopt }),
    ...(keepers === undefined ? {} : { keepers }),
    rotation: secretWith(keepers),
    __provider: BLOCK_LOADER,
  };
}

function assertIndex(index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new RangeError(`There is no address ${index} in a block of ${count}: its indexes are 0 to ${count - 1}.`);
}
