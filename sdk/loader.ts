/**
 * The text that every MacAddress carries as its input `__provider`: the program that Pulumi's dynamic provider host
 * evaluates to reach our handlers (`getProvider` in pulumi/pulumi, sdk/nodejs/cmd/dynamic-provider/index.ts).
 *
 * FROZEN FOR EVER. State files hold it, and `pulumi refresh` and `pulumi destroy` run the text from the state, so what
 * it requires must exist under that name in every later version. A changed text would also update every resource once.
 *
 * It is written by hand instead of serialized from a closure, so that state holds no copy of our code: whatever version
 * is installed serves old and new state alike, and pnpm, workspaces, ESM, bundlers and Bun all produce the same bytes.
 * Only our own absence gets the friendly message. Node quotes nothing but the module that it missed, so a module missing
 * deeper inside ("Cannot find module 'pg' ... - /x/pulumi-macpool/provider.js") is thrown on as it is.
 */
export const LOADER = `exports.handler=()=>{try{return require("pulumi-macpool/provider")}catch(e){if(e.code==="MODULE_NOT_FOUND"&&e.message.includes("'pulumi-macpool/provider'"))throw new Error("pulumi-macpool is not installed in "+process.cwd()+" - run npm install before pulumi refresh/destroy");throw e}}`;

/** As {@link LOADER}, for a MacAddressBlock. FROZEN FOR EVER. */
export const BLOCK_LOADER = partOf("block");

/** As {@link LOADER}, for a MacPool. FROZEN FOR EVER. */
export const POOL_LOADER = partOf("pool");

/** As {@link LOADER}, for a MacReservation. FROZEN FOR EVER. */
export const RESERVATION_LOADER = partOf("reservation");

/** A version that came before the resource lacks the part; without a word about it the host would fail on undefined. */
function partOf(name: string): string {
  return `exports.handler=()=>{try{const h=require("pulumi-macpool/provider").${name};if(h)return h;throw new Error("pulumi-macpool in "+process.cwd()+" is too old for this stack - update it and run npm install")}catch(e){if(e.code==="MODULE_NOT_FOUND"&&e.message.includes("'pulumi-macpool/provider'"))throw new Error("pulumi-macpool is not installed in "+process.cwd()+" - run npm install before pulumi refresh/destroy");throw e}}`;
}
