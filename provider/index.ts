/**
 * The providers of our resources, that of MacAddress at the top: what the loaders in every stack's state require (see
 * sdk/loader.ts). Its path and the names it exports are a wire format and never change.
 *
 * @module
 */
import * as blockCheck from "./resource/block/check";
import * as blockDiff from "./resource/block/diff";
import * as blockLifecycle from "./resource/block/lifecycle";
import * as poolCheck from "./resource/pool/check";
import * as poolLifecycle from "./resource/pool/lifecycle";
import * as reservationLifecycle from "./resource/reservation/lifecycle";
import { configureRuntime } from "./resource/runtime";
import type { Config } from "./resource/settings";

export { check } from "./resource/check";
export { diff } from "./resource/diff";
export { create, delete, read, update } from "./resource/lifecycle";

/** Takes over the stack's configuration, or that of an explicit provider. */
export async function configure(request: { readonly config: Config }): Promise<void> {
  configureRuntime(request.config);
}

/** The provider of MacAddressBlock. */
export const block = { configure, ...blockCheck, ...blockDiff, ...blockLifecycle };

/** The provider of MacPool. */
export const pool = { configure, ...poolCheck, ...poolLifecycle };

/** The provider of MacReservation. */
export const reservation = { configure, ...reservationLifecycle };
