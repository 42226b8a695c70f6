import type { Register } from "../../store/support";
import type { Worker } from "./process";

/**
 * Returns how many milliseconds a grant took from when the process was killed that held it up: in the best of three tries,
 * as the machine may be busy.
 */
export async function waitAfterKill(register: Register, hold: () => Promise<Worker>): Promise<number> {
  const took: number[] = [];
  for (const owner of ["one", "two", "three"]) {
    const worker = await hold();
    const grant = register.grant({ owner });
    const before = performance.now();
    await worker.kill();
    await grant;
    took.push(performance.now() - before);
  }
  return Math.min(...took);
}
