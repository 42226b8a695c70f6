export { MacAddress, type MacAddressArgs } from "./mac-address";
export { MacAddressBlock, type MacAddressBlockArgs } from "./mac-address-block";
export { Provider, type ProviderArgs } from "./provider";
