import * as pulumi from "@pulumi/pulumi";
import { RESERVATION_LOADER } from "./loader";
import { assertNoImport } from "./no-import";
import { ownerOf } from "./owner";
import { promisedInstallation, providerFor } from "./provider";
import { isOfType } from "./shared";

/** What a {@link MacReservation} may be given; only `range` is required. */
export interface MacReservationArgs {
  /**
   * The addresses that no pool may hand out: a prefix (`42:0a`), first and last address, an address and its fixed bits, or
   * one address, in any usual spelling. Changing it replaces.
   */
  range: pulumi.Input<string>;
  /** Why, for people who look at the register or are refused an address of it. Changed in place. */
  reason?: pulumi.Input<string> | undefined;
  /**
   * Whether to manage from here on a reservation of the same range that somebody else made, such as `42:01` (Google Cloud),
   * which every new register has. It goes when this resource goes. Default false.
   */
  adopt?: pulumi.Input<boolean> | undefined;
}

/**
 * A range of addresses that the register never hands out, as code: those of another tool, say. Leases in the range that
 * live already stay as they are.
 *
 * ```ts
 * new MacReservation("printers", { range: "42:0a", reason: "label printers" });
 * ```
 */
export class MacReservation extends pulumi.CustomResource {
  /** The type token; policy packs match on it. */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/macpool:MacReservation";

  /** The range as `first-last`, or the address alone. Also the resource's id. */
  declare readonly range: pulumi.Output<string>;
  /** The first address. */
  declare readonly start: pulumi.Output<string>;
  /** The last address. */
  declare readonly end: pulumi.Output<string>;
  /** The reason given in the arguments. */
  declare readonly reason: pulumi.Output<string | undefined>;
  /** The id of the register that holds the reservation. */
  declare readonly storeId: pulumi.Output<string>;

  /** Returns whether `value` is a MacReservation, also when a second copy of this package made it. */
  static override isInstance(value: unknown): value is MacReservation {
    return isOfType(value, MacReservation.__pulumiType);
  }

  /**
   * @param name The logical name, unique among the reservations below the same kind of parent.
   * @param args What is reserved, and why.
   * @param opts The usual resource options. `provider` selects a register other than the configured one.
   * @throws pulumi.RunError for the option `import`.
   */
  constructor(name: string, args: MacReservationArgs, opts: pulumi.CustomResourceOptions = {}) {
    const type = MacReservation.__pulumiType;
    assertNoImport(`MacReservation "${name}"`, "`adopt: true`", opts);
    const provider = providerFor(type, opts);
    const installation = promisedInstallation();
    const { range, reason, adopt } = args;
    const inputs = {
      range,
      reason,
      ...(adopt === undefined ? {} : { adopt }),
      // Pulumi makes an Output only for properties that are present, if undefined.
      start: undefined,
      end: undefined,
      storeId: undefined,
      owner: ownerOf(name, type, opts.parent),
      installation: installation.promise,
      __provider: RESERVATION_LOADER,
    };
    super(type, name, inputs, { ...opts, provider });
    // Asked after the fact, because a transformation may have put another provider into the options.
    installation.settle(this.getProvider(type));
  }
}
