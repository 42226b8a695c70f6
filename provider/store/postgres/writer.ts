import { MacpoolError } from "../../error";
import type { Ledger } from "../../lease/ledger";
import { ForwardClock, type RegisterClock } from "../forward-clock";
import { Groups } from "../groups";
import type { Patience } from "../patience";
import type { StoreContext } from "../store";
import { apply, applyInOrder, stamp, type Writing } from "./apply";
import { type Database, type Queryable, SILENT_MILLISECONDS, type Statement } from "./database";
import { DraftLedger } from "./draft-ledger";
import { Names } from "./names";
import { anyPart, type PartCursor } from "./parts";
import type { Reply } from "./portion";
import { isBusy, isConflict, isLost, unresolved } from "./postgres-error";
import { type Answers, empty, Questions } from "./questions";
import { BARRIER, recognise } from "./recognise";
import { backOff, withRetries } from "./retry";
import { hasSuccess, type Item, type Run, runTogether, settle } from "./run";
import { lockOf, transaction } from "./schema";
import { TokenDraw, Tokens } from "./tokens";

/** A statement takes noticeable time beyond this. */
const LARGEST_GROUP = 1024;
/** Attempts that may fail because others were first; then comes one that bars everybody else. */
const OPTIMISTIC_ATTEMPTS = 6;

/** A run, and the answers that it is built on. */
interface Attempt extends Run {
  readonly answers: Answers;
}

/**
 * Group commit: everything asked for while one transaction is under way is the next one, and no promise resolves before
 * its commit. A failing item does not disturb the others of its group. See postgres-store.ts for the protocol.
 */
export class Writer {
  readonly #database: Database;
  readonly #clock: ForwardClock;
  readonly #actor: string;
  readonly #patience: Patience;
  readonly #tokens: Tokens;
  readonly #lock: bigint;
  /** By connection. */
  #names = new WeakMap<Queryable, Names>();
  /** What the last transaction left; others may have changed it since. */
  #head: Answers;
  /** The part of relaxed pools that this process takes addresses from. */
  #part = anyPart();
  readonly #groups = new Groups<Item>((waiting) => this.#settleSome(waiting));

  constructor(database: Database, context: StoreContext, patience: Patience, head: Answers) {
    this.#database = database;
    this.#clock = new ForwardClock(context, database.location);
    this.#actor = context.actor;
    this.#patience = patience;
    this.#tokens = new Tokens(context.newToken);
    this.#lock = lockOf(database.schema, "definitions");
    this.#head = head;
  }

  /**
   * Runs `work` in a transaction and returns its result once that is durable.
   *
   * @throws MacpoolError REGISTER_UNREACHABLE, REGISTER_BUSY; otherwise what `work` throws or the server reports.
   */
  add<T>(work: (ledger: Ledger) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let value: T;
      const run = (ledger: Ledger) => {
        value = work(ledger);
      };
      this.#groups.add({ run, draw: new TokenDraw(this.#tokens), resolve: () => resolve(value), reject });
    });
  }

  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void> {
    return this.#groups.idle();
  }

  /** A run may end before the end of its group. */
  async #settleSome(waiting: Item[]): Promise<void> {
    const group = waiting.slice(0, LARGEST_GROUP);
    let done = group.length;
    try {
      const { outcomes } = await this.#commit(group);
      done = outcomes.length;
      settle(group, outcomes);
    } catch (error) {
      for (const item of group) item.reject(error);
    }
    waiting.splice(0, done);
  }

  async #commit(items: readonly Item[]): Promise<Run> {
    const asked = new Questions();
    for (let tries = 0; tries < OPTIMISTIC_ATTEMPTS; tries += 1) {
      if (tries > 1) await backOff(tries);
      const attempt = await withRetries(this.#patience, () => this.#prepare(items, asked, tries === 0));
      if (!attempt.isChanged) return hasSuccess(attempt) ? this.#confirmed(items, asked) : attempt;
      if (attempt.draft.isDefining) break;
      if (await this.#write(attempt)) return attempt;
      // Somebody else is in the same part, perhaps.
      this.#part = anyPart();
      asked.add(attempt.draft.asked);
    }
    return this.#commitAlone(items, asked);
  }

  /**
   * Runs what found nothing to write once more and returns what that comes to, when everything it saw is durable. Both on
   * one connection: the next one may be to the standby that took over. When there is something to write by now, it is
   * written.
   */
  async #confirmed(items: readonly Item[], asked: Questions): Promise<Run> {
    const confirm = () => this.#database.session((session) => this.#prepareDurably(items, asked, session));
    const attempt = await withRetries(this.#patience, confirm);
    return attempt.isChanged ? this.#commitAlone(items, asked) : attempt;
  }

  /** Runs the rules until nothing is unknown, or only what the register checks itself as it is written to. */
  async #prepare(items: readonly Item[], asked: Questions, mayGuess: boolean): Promise<Attempt> {
    if (mayGuess) {
      const { definitions, cursors, parts, newest } = this.#head;
      const guess = this.#run(items, { ...empty(definitions), cursors, parts, newest });
      if (guess.isChanged && (guess.draft.unchecked === 0 || guess.draft.isDefining)) return guess;
      asked.add(guess.draft.asked);
    }
    return this.#prepareFully(items, asked, this.#database);
  }

  /** Where there is nothing to write, what was seen is durable by then. */
  async #prepareDurably(items: readonly Item[], asked: Questions, session: Queryable): Promise<Attempt> {
    const attempt = await this.#prepareFully(items, asked, session);
    if (!attempt.isChanged && hasSuccess(attempt)) await session.query(BARRIER);
    return attempt;
  }

  async #prepareFully(items: readonly Item[], asked: Questions, session: Queryable): Promise<Attempt> {
    const clock = this.#clock.standing();
    for (;;) {
      const { definitions } = this.#head;
      this.#head = await asked.put(session, definitions);
      // Perhaps another register was put in place of this one: then names have other ids.
      if (this.#head.definitions.version !== definitions.version) this.#names = new WeakMap();
      const attempt = this.#run(items, this.#head, clock);
      if (attempt.draft.unknown === 0) return attempt;
      asked.add(attempt.draft.asked);
    }
  }

  #run(items: readonly Item[], answers: Answers, clock: RegisterClock = this.#clock): Attempt {
    return { ...runTogether(items, answers, { clock, actor: this.#actor, part: this.#part }), answers };
  }

  /** Returns whether the draft could be written. */
  async #write(attempt: Attempt): Promise<boolean> {
    const { draft, answers } = attempt;
    const write = () => this.#database.session((session) => apply(draft, answers, this.#writing(session)), isConflict);
    try {
      const reply = await withRetries(this.#patience, write, isBusy);
      if (reply.holds) this.#conclude(attempt, reply);
      return reply.holds;
    } catch (error) {
      if (isConflict(error)) return false;
      if (!isLost(error)) throw error;
      return this.#wasWritten(attempt);
    }
  }

  #writing(session: Queryable): Writing {
    const names = this.#names.get(session) ?? new Names();
    this.#names.set(session, names);
    return { session, lock: this.#lock, names };
  }

  /** Runs and writes in a transaction that bars everybody else: nothing can come in between. */
  async #commitAlone(items: readonly Item[], asked: Questions): Promise<Run> {
    let attempt: Attempt | undefined;
    let isAlone = false;
    let losses = 0;
    const commit = () =>
      transaction(this.#database, async (session) => {
        // Perhaps it was ended because very much is to be thought about.
        if (losses > 0) await session.query(mayBeSilent(losses));
        await session.query(`select pg_advisory_xact_lock(${this.#lock})`);
        isAlone = true;
        const prepared = await this.#prepareDurably(items, asked, session);
        attempt = prepared;
        if (!prepared.isChanged) return { prepared, reply: undefined };
        const { draft, answers } = prepared;
        return { prepared, reply: await writeAll(draft, answers, this.#writing(session)) };
      });
    return withRetries(this.#patience, async () => {
      isAlone = false;
      attempt = undefined;
      try {
        const { prepared, reply } = await commit();
        if (reply !== undefined) this.#conclude(prepared, reply);
        return prepared;
      } catch (error) {
        if (!isLost(error)) throw error;
        // Without the lock nothing was thought about.
        if (isAlone) losses += 1;
        if (attempt !== undefined && (await this.#wasWritten(attempt))) return attempt;
        throw error;
      }
    });
  }

  /**
   * Finds out whether a draft was written although nobody said so.
   *
   * @throws MacpoolError REGISTER_UNREACHABLE when that cannot be found out.
   */
  async #wasWritten(attempt: Attempt): Promise<boolean> {
    if (!attempt.isChanged) return false;
    const { draft, answers } = attempt;
    const lookUp = async () => {
      await this.#database.endLost();
      return this.#database.session((session) => recognise(draft, answers, session));
    };
    const reply = await withRetries(this.#patience, lookUp).catch((error: unknown) => {
      throw unresolved(error, this.#database.location);
    });
    if (reply === undefined) return false;
    this.#conclude(attempt, reply);
    return true;
  }

  #conclude({ draft, answers }: Attempt, reply: Reply): void {
    stamp(draft, reply);
    const seq = reply.numbers.at(-1) ?? answers.newest.seq;
    const cursors = new Map([...answers.cursors, ...draft.movedCursors]);
    const parts = draft.isDefining ? new Map() : withMoved(answers.parts, draft.parts.moved);
    this.#head = { ...empty(draft.definitions.settled()), cursors, parts, newest: { seq, at: reply.at ?? draft.now } };
  }
}

function withMoved(known: Answers["parts"], moved: readonly PartCursor[]): Answers["parts"] {
  if (moved.length === 0) return known;
  const parts = new Map([...known].map(([pool, cursors]) => [pool, new Map(cursors)]));
  for (const { pool, part, to } of moved) parts.get(pool)?.set(part, to);
  return parts;
}

/**
 * Writes what `work` puts into a register that holds nothing yet, in the transaction that is open and that nobody else can
 * see.
 */
export async function writeFirst(
  session: Queryable,
  lock: bigint,
  context: StoreContext,
  work: (ledger: Ledger) => void,
): Promise<void> {
  const answers = await new Questions().put(session, undefined);
  const clock = new ForwardClock(context, "that is being made");
  const draft = new DraftLedger(answers, { clock, actor: context.actor, part: 0 });
  work(draft);
  await writeAll(draft, answers, { session, lock, names: new Names() });
}

/** Writes a draft in a transaction that bars everybody else, and returns what came of it. */
async function writeAll(draft: DraftLedger, answers: Answers, writing: Writing): Promise<Reply> {
  const { session } = writing;
  const { changes, versionLeft } = draft.definitions;
  for (const change of changes) await session.query(change);
  if (changes.length > 0) await session.query({ text: "update register set definitions = $1", values: [versionLeft] });
  if (draft.startsAbove !== undefined) await session.query(startAbove(draft.startsAbove));
  await session.query("savepoint whole");
  try {
    const reply = await apply(draft, answers, writing);
    if (reply.holds) return reply;
    throw new MacpoolError("INTERNAL", "The register changed under its lock. Please report this as a bug.");
  } catch (error) {
    if (!isConflict(error)) throw error;
    await session.query("rollback to savepoint whole");
    writing.names.forget();
    return applyInOrder(draft, answers, writing);
  }
}

/** Not for ever: all others wait meanwhile. */
function mayBeSilent(losses: number): string {
  return `set local idle_in_transaction_session_timeout = ${SILENT_MILLISECONDS * 2 ** Math.min(losses, 3)}`;
}

function startAbove(seq: number): Statement {
  return {
    text: "select setval('event_seq', greatest($1::bigint, (select last_value from event_seq)))",
    values: [seq],
  };
}
