import type { LedgerView } from "../../lease/ledger";
import { ForwardClock, type RegisterClock } from "../forward-clock";
import { Groups } from "../groups";
import type { Patience } from "../patience";
import type { StoreContext } from "../store";
import type { Database } from "./database";
import type { Definitions } from "./definitions";
import { DraftLedger } from "./draft-ledger";
import { type Answers, empty, Questions } from "./questions";
import { withRetries } from "./retry";

interface Item {
  readonly run: (view: LedgerView) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Answers questions: all that are asked in one turn of the event loop, or while others are under way, together. */
export class Reader {
  readonly #database: Database;
  readonly #clock: ForwardClock;
  readonly #patience: Patience;
  #definitions: Definitions;
  readonly #groups = new Groups<Item>((waiting) => this.#settle(waiting.splice(0)));

  constructor(database: Database, context: StoreContext, patience: Patience, { definitions }: Answers) {
    this.#database = database;
    this.#clock = new ForwardClock(context, database.location);
    this.#patience = patience;
    this.#definitions = definitions;
  }

  /**
   * Runs `work`, which must only read, on one moment of the register and returns its result.
   *
   * @throws MacpoolError REGISTER_UNREACHABLE; otherwise what `work` throws or the server reports.
   */
  add<T>(work: (view: LedgerView) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let value: T;
      const run = (view: LedgerView) => {
        value = work(view);
      };
      this.#groups.add({ run, resolve: () => resolve(value), reject });
    });
  }

  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void> {
    return this.#groups.idle();
  }

  async #settle(items: readonly Item[]): Promise<void> {
    try {
      await this.#answer(items);
    } catch (error) {
      for (const item of items) item.reject(error);
    }
  }

  /** What the work asks is found out on a register that is taken to be empty; then it is asked, all at once. */
  async #answer(items: readonly Item[]): Promise<void> {
    const questions = new Questions();
    const clock = this.#clock.standing();
    let open = items;
    for (const item of open) attempt(item, empty(this.#definitions), questions, clock);
    while (open.length > 0) {
      const answers = await withRetries(this.#patience, () => questions.put(this.#database, this.#definitions));
      this.#definitions = answers.definitions;
      open = open.filter((item) => {
        const settle = attempt(item, answers, questions, clock);
        settle?.();
        return settle === undefined;
      });
    }
  }
}

/** Runs an item, adds what it asks to `questions`, and returns how to settle it; undefined while something is unknown. */
function attempt(item: Item, answers: Answers, questions: Questions, clock: RegisterClock): (() => void) | undefined {
  const draft = new DraftLedger(answers, { clock, actor: "", part: 0 });
  const settle = outcomeOf(item, draft);
  questions.add(draft.asked);
  return draft.unknown === 0 ? settle : undefined;
}

function outcomeOf({ run, resolve, reject }: Item, draft: DraftLedger): () => void {
  try {
    const value = run(draft);
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}
