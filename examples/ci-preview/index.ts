import { MacAddress } from "pulumi-macpool";

/** Add a machine here in a pull request, and its preview shows the address it will get. */
const machines = ["web-1", "db-1"];

export const addresses = Object.fromEntries(machines.map((name) => [name, new MacAddress(name).address]));
