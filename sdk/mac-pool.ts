import * as pulumi from "@pulumi/pulumi";
import { POOL_LOADER } from "./loader";
import { assertNoImport } from "./no-import";
import { ownerOf } from "./owner";
import { promisedInstallation, providerFor } from "./provider";
import { isOfType } from "./shared";

/** What a {@link MacPool} may be given; only `ranges` is required. */
export interface MacPoolArgs {
  /**
   * The pool's addresses: prefixes (`52:54:00`), first and last address (`42:00:00:00:00:00-42:00:00:00:ff:ff`) or an
   * address and its fixed bits (`42:00:00:00:00:00/24`), in any usual spelling. No other pool may share one. Changed in
   * place; a change that would leave a live lease outside is refused. In a derived pool other ranges also mean other
   * addresses for owners that have none yet.
   */
  ranges: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * The pool's name in the register: 1 to 63 letters, digits, ".", "_" or "-". Default: the name of the resource. Changing
   * it replaces, and with it everything that takes addresses from the pool. For `ignoreChanges` it is called `name`.
   */
  poolName?: pulumi.Input<string> | undefined;
  /** How an address is chosen: `derived` from its owner, or `sequential`. Default `derived`. Changed in place. */
  strategy?: pulumi.Input<"derived" | "sequential"> | undefined;
  /**
   * How addresses of a sequence follow each other. `relaxed`: those who ask at the same time need not wait for each
   * other, and addresses that are passed over are given out later; only a register in PostgreSQL makes use of it.
   * Default `strict`. Changed in place.
   */
  order?: pulumi.Input<"strict" | "relaxed"> | undefined;
  /** Seconds for which a released address is kept from other owners. Default 86400 (24 h). Changed in place. */
  quarantineSeconds?: pulumi.Input<number> | undefined;
  /** Whether the ranges are an OUI that you own, that is universally administered. Default false. */
  universal?: pulumi.Input<boolean> | undefined;
  /** A note for people who look at the register. Changed in place. */
  description?: pulumi.Input<string> | undefined;
  /**
   * Whether to manage from here on a pool of this name that was made by hand, such as `default`, or by another program. It
   * becomes what these arguments say, and goes when this resource goes. Default false.
   */
  adopt?: pulumi.Input<boolean> | undefined;
}

/**
 * A pool of addresses in the register, as code.
 *
 * ```ts
 * const lab = new MacPool("lab", { ranges: ["52:54:00"] });
 * const nic = new MacAddress("nic", { pool: lab.name }); // the first preview shows its address
 * ```
 *
 * Give `pool: lab.name` rather than its text, so that Pulumi knows what to create and delete first. It cannot be deleted
 * while leases of it live, in whichever stack; `retainOnDelete` leaves it in the register.
 */
export class MacPool extends pulumi.CustomResource {
  /** The type token; policy packs match on it. */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/macpool:MacPool";

  /** The pool's name in the register. Also the resource's id. */
  declare readonly name: pulumi.Output<string>;
  /** The ranges in ascending order, adjacent ones merged, as `first-last`. */
  declare readonly ranges: pulumi.Output<string[]>;
  /** The number of addresses in the ranges. */
  declare readonly size: pulumi.Output<number>;
  /** The id of the register that holds the pool. */
  declare readonly storeId: pulumi.Output<string>;

  /** Returns whether `value` is a MacPool, also when a second copy of this package made it. */
  static override isInstance(value: unknown): value is MacPool {
    return isOfType(value, MacPool.__pulumiType);
  }

  /**
   * @param name The logical name, and the pool's name unless `poolName` is given.
   * @param args What the pool holds.
   * @param opts The usual resource options. `provider` selects a register other than the configured one.
   * @throws pulumi.RunError for the option `import`.
   */
  constructor(name: string, args: MacPoolArgs, opts: pulumi.CustomResourceOptions = {}) {
    const type = MacPool.__pulumiType;
    assertNoImport(`MacPool "${name}"`, "`adopt: true`", opts);
    const provider = providerFor(type, opts);
    const installation = promisedInstallation();
    const { poolName, ...others } = args;
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    const inputs = {
      ...given,
      name: poolName ?? name,
      // Pulumi makes an Output only for properties that are present, if undefined.
      size: undefined,
      storeId: undefined,
      owner: ownerOf(name, type, opts.parent),
      installation: installation.promise,
      __provider: POOL_LOADER,
    };
    super(type, name, inputs, { ...opts, provider });
    // Asked after the fact, because a transformation may have put another provider into the options.
    installation.settle(this.getProvider(type));
  }
}
