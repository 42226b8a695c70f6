import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../cli/duration";

test.each([
  ["0", 0],
  ["90", 90],
  ["90s", 90],
  ["15m", 900],
  ["24h", 86_400],
  ["7d", 604_800],
  ["2w", 1_209_600],
])("%s is %d seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(["", "h", "1.5h", "-1s", "1 h", "1h30m", "24H", "1e3", "0x10"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow();
});

test.each([0, 1, 59, 60, 90, 3600, 5400, 86_400, 90_000, 604_800])(
  "%d seconds are written so that they read back",
  (seconds) => {
    expect(parseDuration(formatDuration(seconds))).toBe(seconds);
  },
);
