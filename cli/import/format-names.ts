/** Every format that can be imported, by the name that `--format` takes. What reads them is in formats.ts. */
export const FORMATS = ["csv", "json", "libvirt", "qemu", "dnsmasq", "dhcpd", "kea"] as const;

/** A format that can be imported. */
export type Format = (typeof FORMATS)[number];
