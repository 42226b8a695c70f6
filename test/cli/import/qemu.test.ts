import { describe, expect, test } from "vitest";
import { parseQemu } from "../../../cli/import/qemu";

/** Address, owner and what is wrong, in one line each. */
function read(...lines: readonly string[]): readonly string[] {
  return parseQemu(lines.join("\n")).map(({ address, owner, fault, place }) =>
    [address, owner ?? "-", ...(fault === undefined ? [] : [fault.code, `at ${place}`])].join(" "),
  );
}

describe("a script of QEMU", () => {
  test("that breaks a line within a word loses no NIC", () => {
    expect(
      read(
        "qemu-system-x86_64 -name web -device virtio-net-pci,netdev=n0,\\",
        "mac=52:54:00:12:34:56 -device virtio-net-pci,netdev=n1,mac=52:54:00:12:34:57",
      ),
    ).toEqual(["52:54:00:12:34:56 web/n0", "52:54:00:12:34:57 web/n1"]);
  });

  test.each([
    ["is a line of its own", "# the old one \\"],
    ["is indented", "  # the old one: don't \\"],
    ["follows a command", "sync # the old one \\"],
  ])("is read on behind a comment that %s and ends in a backslash", (_, comment) => {
    expect(read(comment, "qemu-system-x86_64 -name web -nic user,mac=52:54:00:12:34:56")).toEqual([
      "52:54:00:12:34:56 web/0",
    ]);
  });

  test("goes on where a # is within a word or within quotes", () => {
    expect(read("qemu-system-x86_64 -name 'a # b' -m 1#2 \\", "  -nic user,mac=52:54:00:12:34:56")).toEqual([
      "52:54:00:12:34:56 a # b/0",
    ]);
  });

  test("is read on behind a comment within a command, which ends there", () => {
    expect(
      read(
        "qemu-system-x86_64 -name web -nic user,mac=52:54:00:12:34:56 \\",
        "  # -nic user,mac=52:54:00:12:34:57 \\",
        "  -nic user,mac=52:54:00:12:34:58",
      ),
    ).toEqual(["52:54:00:12:34:56 web/0", "52:54:00:12:34:58 -"]);
  });

  test("may collect its options in an array", () => {
    expect(
      read(
        "args=(-name 'web (1)')",
        "args+=(-device virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56)",
        'args+=( -device \'{"driver":"e1000","id":"n(1)","mac":"52:54:00:12:34:57"}\')',
        '(exec qemu-system-x86_64 -name db -nic user,mac="52:54:00:12:34:58")',
      ),
    ).toEqual(["52:54:00:12:34:56 -", "52:54:00:12:34:57 -", "52:54:00:12:34:58 db/0"]);
  });

  test("keeps a substitution in one piece, so that the refusal shows it", () => {
    expect(read("qemu-system-x86_64 -nic user,mac=$(random),id=n0")).toEqual(["$(random) -"]);
  });
});

test("a process list keeps the parentheses of a name", () => {
  expect(read("/usr/bin/kvm -name guest=web(1),debug-threads=on -nic user,mac=52:54:00:12:34:56")).toEqual([
    "52:54:00:12:34:56 web(1)/0",
  ]);
});

describe("an address that is in no option which could be read", () => {
  const QEMU = "qemu-system-x86_64 -name web -nic user,mac=52:54:00:12:34:56 $MORE";
  const FOUND = "52:54:00:12:34:56 web/0";

  test.each([
    ["a variable", 'MORE="-device virtio-net-pci,mac=52:54:00:12:34:57"'],
    ["a variable with JSON", 'MORE="-device {\\"driver\\": \\"e1000\\", \\"mac\\": \\"52:54:00:12:34:57\\"}"'],
    ["an option of its own line", "-net\nnic,macaddr=52:54:00:12:34:57"],
  ])("is refused, as in %s", (_, text) => {
    const place = `line ${text.split("\n").length}`;
    expect(read(...text.split("\n"), QEMU)).toEqual([FOUND, `52:54:00:12:34:57 - INVALID_FILE at ${place}`]);
  });

  test("is refused once, however often it stands there", () => {
    const line = "echo mac=52:54:00:12:34:57 mac=52-54-00-12-34-57";
    expect(read(line, line, QEMU)).toHaveLength(2);
  });

  test.each([
    ["in a comment", "# MORE=-nic user,mac=52:54:00:12:34:57"],
    ["in a comment behind a command", "sync # mac=52:54:00:12:34:57"],
    ["the address of a NIC, in another spelling", "echo mac=52-54-00-12-34-56"],
    ["the value of another key", "host_mac=52:54:00:12:34:57 x-mac=52:54:00:12:34:57"],
    ["longer than an address", "mac=52:54:00:12:34:57:58:59"],
    ["no address", "echo mac=$1 mac=52:54:00"],
  ])("is none that is %s", (_, line) => {
    expect(read(line, QEMU)).toEqual([FOUND]);
  });
});
