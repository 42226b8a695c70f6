import { runTool } from "./tool";

/** Returns why no tap device can be made here; undefined when one can. It tries in a network namespace that goes away. */
export function whyNoTap(): string | undefined {
  const { code, text } = runTool("unshare", ["--net", "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"]);
  return code === 0 ? undefined : `none can be made: ${text.trim()}`;
}
