export { MacAddress, type MacAddressArgs } from "./mac-address";
export { MacAddressBlock, type MacAddressBlockArgs } from "./mac-address-block";
export { MacPool, type MacPoolArgs } from "./mac-pool";
export { MacReservation, type MacReservationArgs } from "./mac-reservation";
export { Provider, type ProviderArgs } from "./provider";
