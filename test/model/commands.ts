import fc from "fast-check";
import { HOUR } from "../store/support";
import type { Machine, Moment } from "./machine";
import type { Ask } from "./model";
import {
  acquire,
  checkGuard,
  crashInAcquire,
  crashInRelease,
  overtake,
  reconcile,
  recreate,
  release,
  replace,
  reserve,
  resize,
  restore,
  rotate,
  type Scene,
  takeOver,
  turnOver,
} from "./steps";
import type { World } from "./world";

/** The first addresses of the two pools of a model run. */
export const FIRST = { p: 0x4210_0000_0000, q: 0x4210_0000_0008 } as const;

type Command = fc.AsyncCommand<World, Machine>;

/** A step with whatever was drawn for it; in a report it shows as its name and that. */
class Step<Drawn> implements Command {
  readonly #name: string;
  readonly #drawn: Drawn;
  readonly #act: (scene: Scene, drawn: Drawn) => Promise<unknown>;
  readonly #needs: (world: Readonly<World>) => boolean;

  constructor(
    name: string,
    drawn: Drawn,
    act: (scene: Scene, drawn: Drawn) => Promise<unknown>,
    needs: (world: Readonly<World>) => boolean = () => true,
  ) {
    this.#name = name;
    this.#drawn = drawn;
    this.#act = act;
    this.#needs = needs;
  }

  check(world: Readonly<World>): boolean {
    return this.#needs(world);
  }

  async run(world: World, machine: Machine): Promise<void> {
    await this.#act({ world, machine }, this.#drawn);
    await world.check(machine);
  }

  toString(): string {
    return `${this.#name} ${fc.stringify(this.#drawn)}`;
  }
}

const pool = fc.constantFrom("p" as const, "q" as const);
const owner = fc.constantFrom("a", "a", "b", "c", "d", "");
const installation = fc.constantFrom("one", "one", "one", "two");
const rotation = fc.constantFrom("", "", "", "r");
const offset = fc.nat(6);
const number = fc.nat(1000);
const moment = fc.constantFrom<Moment>("before the commit", "after the commit", "instead of the commit");
const identity = { owner, installation, pool, rotation };
const ask: fc.Arbitrary<Ask> = fc.record({
  ...identity,
  address: fc.constant(undefined),
  adopt: fc.constantFrom(false, false, false, true),
});

/** Asks for one address, of its own pool or sometimes of the other. */
const claim: fc.Arbitrary<Ask> = fc
  .record({
    ...identity,
    from: fc.constantFrom("own", "own", "own", "p" as const, "q" as const),
    offset,
    adopt: fc.boolean(),
  })
  .map(({ from, offset: at, ...one }) => ({
    ...one,
    address: FIRST[from === "own" ? one.pool : (from as "p" | "q")] + at,
  }));

const imported: fc.Arbitrary<Ask> = claim.map((one) => ({
  ...one,
  installation: "import",
  rotation: "",
  adopt: false,
}));

const range = fc.record({ pool, offset: fc.nat(4), more: fc.nat(1) });
const isAnyLive = ({ model }: Readonly<World>) => model.live.length > 0;

/** Returns the one of the live leases that a number stands for. */
function nth<T>(all: readonly T[], at: number): T {
  const found = all[at % all.length];
  if (found === undefined) throw new Error("there is none");
  return found;
}

const liveOf = ({ world }: Scene, at: number) => nth(world.model.live, at);

function step<Drawn>(
  name: string,
  drawn: fc.Arbitrary<Drawn>,
  act: (scene: Scene, drawn: Drawn) => Promise<unknown>,
  needs?: (world: Readonly<World>) => boolean,
): fc.Arbitrary<Command> {
  return drawn.map((one) => new Step(name, one, act, needs));
}

/** Those that occur often stand here more than once: `fc.commands` knows no weights. */
const everyStep: readonly fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 4 }, () => step("acquire", ask, acquire)),
  ...Array.from({ length: 2 }, () => step("claim", claim, acquire)),
  step("import", imported, acquire),
  step(
    "adopt",
    fc.tuple(number, installation),
    (scene, [at, to]) => {
      const held = liveOf(scene, at);
      return acquire(scene, { ...held, installation: to, address: held.address, adopt: true });
    },
    isAnyLive,
  ),
  step(
    "take over",
    fc.record({ at: number, owner, installation }),
    (scene, { at, ...to }) => takeOver(scene, liveOf(scene, at), to),
    isAnyLive,
  ),
  step("re-create", number, (scene, at) => recreate(scene, liveOf(scene, at)), isAnyLive),
  step("replace", number, (scene, at) => replace(scene, liveOf(scene, at)), isAnyLive),
  step(
    "rotate keepers",
    fc.tuple(number, rotation),
    (scene, [at, to]) => rotate(scene, liveOf(scene, at), to),
    isAnyLive,
  ),
  ...Array.from({ length: 3 }, () =>
    step("release", number, (scene, at) => release(scene, liveOf(scene, at)), isAnyLive),
  ),
  step(
    "release what any token was for",
    number,
    (scene, at) => release(scene, nth(scene.world.grants, at)),
    ({ grants }) => grants.length > 0,
  ),
  step("turn over", fc.tuple(pool, number), (scene, [name, at]) => turnOver(scene, name, at)),
  step("reserve", range, (scene, drawn) => reserve(scene, ...endsOf(drawn), false)),
  step(
    "end a reservation",
    number,
    (scene, at) => {
      const { start, end } = nth(scene.world.model.reserved, at);
      return reserve(scene, start, end, true);
    },
    ({ model }) => model.reserved.length > 0,
  ),
  step("end a reservation that may not be", range, (scene, drawn) => reserve(scene, ...endsOf(drawn), true)),
  step(
    "resize",
    fc.record({
      pool,
      // The last of them lie between the two, and both pools may have them in turn.
      from: fc.constantFrom(0, 0, 1, 2, 4, 6),
      size: fc.integer({ min: 1, max: 5 }),
      seconds: fc.constantFrom(0, 60, 3600, 3600),
    }),
    (scene, { pool: name, from, size, seconds }) => {
      const first = FIRST[name] + (name === "p" || from < 4 ? from : -from);
      return resize(scene, { name, first, size, seconds });
    },
  ),
  ...Array.from({ length: 2 }, () =>
    step("clock", fc.constantFrom(1, 60_000, HOUR - 1, HOUR, 5 * HOUR, -HOUR, -1000 * HOUR), async ({ machine }, by) =>
      machine.clock.advance(by),
    ),
  ),
  step("close and open", fc.constant("again"), ({ machine }) => machine.reopen()),
  step("crash in acquire", fc.tuple(fc.oneof(ask, ask, claim), moment), (scene, [one, at]) =>
    crashInAcquire(scene, one, at),
  ),
  step(
    "crash in release",
    fc.tuple(number, moment),
    (scene, [at, when]) => crashInRelease(scene, liveOf(scene, at), when),
    isAnyLive,
  ),
  step("backup", fc.constant("now"), async ({ world, machine }) => {
    const copy = world.model.copy();
    world.backups.push({ model: copy, restore: await machine.backup() });
  }),
  ...Array.from({ length: 2 }, () => step("restore", number, restore, ({ backups }) => backups.length > 0)),
  step("overtake", number, overtake, ({ backups }) => backups.length > 0),
  ...Array.from({ length: 3 }, () => step("reconcile", fc.constantFrom(undefined, "a", "b", "c"), reconcile)),
  step("ask whether the register is older than any state", fc.constant("all"), checkGuard),
];

/** Returns random runs of at most `longest` steps. */
export function commands(longest: number, replayPath: string | undefined) {
  const constraints = { maxCommands: longest, size: "max" as const };
  return fc.commands([...everyStep], replayPath === undefined ? constraints : { ...constraints, replayPath });
}

function endsOf({
  pool: name,
  offset: from,
  more,
}: {
  pool: "p" | "q";
  offset: number;
  more: number;
}): [number, number] {
  return [FIRST[name] + from, FIRST[name] + from + more];
}
