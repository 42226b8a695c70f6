import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type FileSystem, machineFileSystem } from "../../provider/store/sqlite/file-checks";
import { createFile, openFile, type Register, rejection, temporaryDirectory } from "./support";

const LOCAL = 0xef53;

describe("a register on a file system that machines share", () => {
  it.each([
    ["NFS", 0x6969],
    ["CIFS", 0xff534d42],
    ["CIFS", 0xff534d42 | 0],
    ["SMB2", 0xfe534d42],
    ["SMB", 0x517b],
    ["FUSE", 0x65735546],
    ["virtiofs", 0x65735546],
    ["9p", 0x01021997],
    ["AFS", 0x5346414f],
    ["Ceph", 0x00c36400],
  ])("is refused on %s (type %d), with its kind and what to use instead", async (name, type) => {
    const path = createFile();
    const error = await rejection(openFile(path, { fileSystem: { typeOf: () => type, mountPoints: () => [] } }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, name, "Use PostgreSQL, or a path on a local disk"]) expect(error.message).toContain(text);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it.each([
    ["ext4", LOCAL],
    ["tmpfs", 0x01021994],
    ["btrfs", 0x9123683e],
    ["xfs", 0x58465342],
    ["overlayfs", 0x794c7630],
  ])("is not refused on %s", async (_, type) => {
    const path = createFile();
    await openFile(path, { fileSystem: { typeOf: () => type, mountPoints: () => [] } });
  });

  it("is asked for with links resolved: what counts is where the file lies", async () => {
    const path = createFile();
    const asked: string[] = [];
    const fileSystem: FileSystem = {
      typeOf: (name) => {
        asked.push(name);
        return LOCAL;
      },
      mountPoints: () => [],
    };
    await openFile(join(dirname(path), ".", "register.db"), { fileSystem });
    expect(asked).toEqual([path]);
  });
});

describe("a register file that is itself a mount point", () => {
  it("is refused, and the message says to mount its directory", async () => {
    const path = createFile();
    const fileSystem = { typeOf: () => LOCAL, mountPoints: () => ["/", path] };
    const error = await rejection(openFile(path, { fileSystem }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "mount point", "directory"]) expect(error.message).toContain(text);
  });

  it("is not one whose directory is, or whose name only begins like one", async () => {
    const path = createFile();
    const mountPoints = () => ["/", dirname(path), `${path}-wal`, path.slice(0, -1)];
    await openFile(path, { fileSystem: { typeOf: () => LOCAL, mountPoints } });
  });

  it.runIf(process.platform === "linux")("is known from the mounts of this process", () => {
    expect(machineFileSystem.mountPoints()).toContain("/");
    expect(machineFileSystem.mountPoints()).toContain("/proc");
    expect(machineFileSystem.typeOf("/proc")).toBe(0x9fa0);
  });
});

describe("a register whose file goes away while it is in use", () => {
  const refuses = async (register: Register, path: string) => {
    const error = await rejection(register.grant({ owner: "late" }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "moved, deleted or replaced", "nothing was written"]) {
      expect(error.message).toContain(text);
    }
  };

  it("grants nothing more when it was deleted", async () => {
    const path = createFile();
    const register = await openFile(path);
    await register.grant();
    rmSync(path);
    await refuses(register, path);
  });

  it("grants nothing more when it was moved", async () => {
    const path = createFile();
    const register = await openFile(path);
    renameSync(path, join(temporaryDirectory(), "elsewhere.db"));
    await refuses(register, path);
  });

  it("grants nothing more when another was put in its place, which stays as it is", async () => {
    const path = createFile();
    const register = await openFile(path);
    await register.grant();
    const successor = createFile();
    const before = readFileSync(successor);
    renameSync(successor, path);
    await refuses(register, path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("releases and changes nothing more either, and refuses every request of a turn", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    rmSync(path);
    const { store } = register;
    const attempts = [store.release([lease]), store.update(lease), store.updatePool("tiny", {}), register.grant()];
    const codes = await Promise.all(attempts.map(async (attempt) => (await rejection(attempt)).code));
    expect(codes).toEqual(Array.from(attempts, () => "REGISTER_UNUSABLE"));
  });
});
