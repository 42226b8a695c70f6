import { spawnSync } from "node:child_process";

/** Returns why no tap device can be made here; undefined when one can. It tries in a network namespace that goes away. */
export function whyNoTap(): string | undefined {
  const attempt = ["--net", "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"];
  const { status, stderr, error } = spawnSync("unshare", attempt, { encoding: "utf8" });
  return status === 0 ? undefined : `none can be made: ${error?.message ?? stderr.trim()}`;
}
