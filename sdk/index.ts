export { MacAddress, type MacAddressArgs } from "./mac-address";
export { Provider, type ProviderArgs } from "./provider";
