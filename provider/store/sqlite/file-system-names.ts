interface Kind {
  readonly name: string;
  /** Why a register should not stay there. */
  readonly risk?: string;
}

/** statfs(2) `f_type` values of file systems on which a register can lie (linux/magic.h, statfs(2)). */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0xef53, { name: "ext2, ext3 or ext4" }],
  [0x58465342, { name: "XFS" }],
  [0x9123683e, { name: "Btrfs" }],
  [0x2fc12fc1, { name: "ZFS" }],
  [0xf2f52010, { name: "F2FS" }],
  [0xca451a4e, { name: "bcachefs" }],
  [
    0x01021994,
    { name: "tmpfs", risk: "it is memory, and the register is gone when the machine restarts. Use a disk." },
  ],
  [
    0x794c7630,
    {
      name: "overlayfs",
      risk: "the register goes with the container. Put it into a directory that is mounted from outside.",
    },
  ],
]);

/** Returns what the file system is called and, where it endangers a register, why and what to do. */
export function fileSystemName(type: number): Kind {
  const unsigned = type >>> 0;
  return KINDS.get(unsigned) ?? { name: `local, of type 0x${unsigned.toString(16)}` };
}
