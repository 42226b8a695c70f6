import type { Lease, RegisterEvent } from "../../../provider/lease/lease";
import { definePool } from "../../../provider/lease/pool";
import { usageOf } from "../../../provider/lease/usage";
import type { Mac } from "../../../provider/mac/mac";
import { TINY } from "../../store/support";
import type { Content } from "./content";
import type { Line, Operation, Written } from "./history";

/** The first address of pool `tiny`, which has five. */
export const FIRST = TINY.ranges[0]?.start ?? 0;

/** When a scenario begins; its clock stands still until told otherwise. */
export const BEGINNING = 1_000_000;

const ENTITLED = { installation: "one", pool: TINY.name, rotation: "" };

/** A history made by hand, and the register it would lead to; each part can be spoilt afterwards. */
export class Scenario {
  lines: Line[] = [];
  events: RegisterEvent[] = [
    { seq: 1, at: 0, kind: "init", address: undefined, pool: "", owner: "", installation: "", actor: "" },
  ];
  leases: Lease[] = [];
  now = BEGINNING;
  #time = 0;
  #ops = 0;

  /** An owner gets an address, and is told of it. */
  acquire(owner: string, kind: RegisterEvent["kind"], address: Mac, rotation = ""): Written {
    const op = this.invoke({ do: "acquire", ...ENTITLED, owner, rotation });
    const written = this.grant(owner, kind, address, rotation);
    this.end(op, written);
    return written;
  }

  /** Whoever shows the token releases the address, and is told of it. */
  release({ address, token }: Pick<Written, "address" | "token">): Written {
    const op = this.invoke({ do: "release", address, token });
    const written = this.free(address);
    this.end(op, written);
    return written;
  }

  /** An operation is asked for. */
  invoke(operation: Operation, process = "a"): number {
    this.#ops += 1;
    this.lines.push({ process, op: this.#ops, at: ++this.#time, type: "invoke", operation });
    return this.#ops;
  }

  /** An operation is acknowledged. */
  end(op: number, written: Written | null, process = "a"): void {
    this.lines.push({ process, op, at: ++this.#time, type: "ok", written });
  }

  fail(op: number, code: string): void {
    this.lines.push({ process: "a", op, at: ++this.#time, type: "fail", code });
  }

  /** The register gives an address to an owner, whatever the rules say. */
  grant(owner: string, kind: RegisterEvent["kind"], address: Mac, rotation = ""): Written {
    const { seq, at } = this.#append(kind, address, owner);
    const rest = { slot: 0, acquiredAt: at, releasedAt: undefined, description: "", tags: {} };
    const lease: Lease = { ...ENTITLED, ...rest, address, owner, rotation, token: `token-${seq}`, seq };
    this.#put(lease);
    return { address, token: lease.token, seq };
  }

  /** The register ends the lease of an address, whatever the rules say. */
  free(address: Mac): Written {
    const lease = this.leases.find((other) => other.address === address);
    if (lease === undefined) throw new Error("there is no lease to end");
    const { seq, at } = this.#append("release", address, lease.owner);
    this.#put({ ...lease, seq, releasedAt: at });
    return { address, token: lease.token, seq };
  }

  /** What the register shows in the end, `change` put over it. */
  content(change: Partial<Content> = {}): Content {
    const pool = definePool(TINY);
    const { leases, events } = this;
    const over = this.now - pool.quarantineSeconds * 1000;
    const resting = leases.flatMap(({ releasedAt = Number.NaN }) => (Number.isNaN(releasedAt) ? [] : [releasedAt]));
    const usage = usageOf(pool, [], () => ({
      live: leases.length - resting.length,
      quarantined: resting.filter((at) => at > over).length,
      reusable: resting.filter((at) => at <= over).length,
      oldestQuarantined: undefined,
    }));
    const seq = events.at(-1)?.seq ?? 0;
    return { seq, pools: [{ ...pool, usage }], reserved: [], leases, events, faults: [], ...change };
  }

  #append(kind: RegisterEvent["kind"], address: Mac, owner: string): RegisterEvent {
    const seq = this.events.length + 1;
    const { installation, pool } = ENTITLED;
    const event = { seq, at: this.now, kind, address, pool, owner, installation, actor: "" };
    this.events.push(event);
    return event;
  }

  #put(lease: Lease): void {
    this.leases = [...this.leases.filter(({ address }) => address !== lease.address), lease];
  }
}
