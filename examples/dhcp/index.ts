import * as pulumi from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

const hosts = { web: "192.0.2.10", db: "192.0.2.11" };

const nics = Object.entries(hosts).map(([name, ip]) => {
  // With the tags, the register alone is enough to write the same reservations: see README.md.
  return { name, ip, mac: new MacAddress(name, { tags: { ip, name } }) };
});

/** A `dhcp-hostsfile` of dnsmasq. */
export const dnsmasqHosts = pulumi
  .all(nics.map(({ name, ip, mac }) => mac.dnsmasqHost({ ip, name })))
  .apply((lines) => lines.join("\n"));

/** The `reservations` of a subnet of Kea (https://kea.readthedocs.io/en/latest/arm/dhcp4-srv.html). */
export const keaReservations = nics.map(({ name, ip, mac }) => {
  return { "hw-address": mac.address, "ip-address": ip, hostname: name };
});
