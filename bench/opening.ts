import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AcquireRequest } from "../provider/lease/lease";
import { createRegister, openRegister, systemContext } from "../provider/store/open";
import { type Figure, interleaved, median, medianRatio, timed } from "./report";

const LEASES = 1_000_000;
const BATCH = 5_000;
const ROUNDS = 21;

/** Returns how long it takes to open a large register and ask it for one owner, against an empty one. */
export async function openingFigures(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const context = systemContext(console.error);
  const paths = { empty: join(directory, "empty.db"), large: join(directory, "large.db") };
  for (const path of Object.values(paths)) await createRegister(path, context);
  await fill(paths.large);
  const open = (path: string) => () =>
    timed(async () => {
      const store = await openRegister(path, context);
      await store.predict(request(LEASES / 2));
      await store.close();
    });
  const times = await interleaved(ROUNDS, { empty: open(paths.empty), large: open(paths.large) });
  rmSync(directory, { recursive: true, force: true });
  return [
    {
      name: "opening 1 million leases / an empty register",
      value: medianRatio(times.large, times.empty),
      target: 1.5,
      bound: "at most",
      detail: `${median(times.large).toFixed(2)} ms against ${median(times.empty).toFixed(2)} ms, with one look-up`,
    },
  ];
}

async function fill(path: string): Promise<void> {
  const store = await openRegister(path, systemContext(console.error));
  for (let made = 0; made < LEASES; made += BATCH) {
    await store.acquire(Array.from({ length: BATCH }, (_, index) => ({ ...request(made + index), sequential: true })));
  }
  await store.close();
}

function request(number: number): AcquireRequest {
  const owner = `acme/network/production/web-${number}-nic`;
  return { owner, installation: "bench", pool: "default", rotation: "", description: "", tags: {} };
}
