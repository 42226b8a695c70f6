/**
 * The provider of MacAddress: what the loader in every stack's state requires (see sdk/loader.ts). Its path and the names
 * it exports are a wire format and never change.
 *
 * @module
 */
import { configureRuntime } from "./resource/runtime";
import type { Config } from "./resource/settings";

export { check } from "./resource/check";
export { diff } from "./resource/diff";
export { create, delete, read, update } from "./resource/lifecycle";

/** Takes over the stack's configuration, or that of an explicit provider. */
export async function configure(request: { readonly config: Config }): Promise<void> {
  configureRuntime(request.config);
}
