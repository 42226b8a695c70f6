import { describe, expect, it } from "vitest";
import { createFile, openFile, rejection } from "../../store/support";
import { bindFile, canMount } from "./mounts";

describe.runIf(canMount)("a register file that is mounted by itself", () => {
  it("is refused by what the machine says of its mounts, and the message says to mount the directory", async () => {
    const path = createFile();
    bindFile(path);
    const error = await rejection(openFile(path));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "mount point", "Mount its directory instead"]) expect(error.message).toContain(text);
  });
});
