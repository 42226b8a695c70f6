import type { Queryable } from "./database";
import type { DraftLedger } from "./draft-ledger";
import type { Reply } from "./portion";
import type { Answers } from "./questions";

/**
 * Returns what the register would have said of a draft if it was written, although the connection broke before anybody
 * said so; undefined when it was not. Whatever others made of it since, its events are there. `session` is one connection.
 */
export async function recognise(draft: DraftLedger, answers: Answers, session: Queryable): Promise<Reply | undefined> {
  // Numbers are drawn in the order of a draft's events, and after those that it knew; or again, by a standby that took
  // over and had not got them all.
  const rows = await session.query<{ seq: number; at: number }>({
    text: `select seq, at from event
           where seq > least($1, (select max(seq) from event) - ${RECENT}) and write_id = $2 order by seq`,
    values: [answers.newest.seq, draft.writeId],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  await session.query(BARRIER);
  return { holds: true, numbers: rows.map(({ seq }) => seq), at: first.at };
}

/** What others may have written since, while a connection broke. */
const RECENT = 10_000;

/**
 * Writes next to nothing, and commits. What a connection has just seen may be on its server alone, and the synchronous
 * standby, if there is one, may not have it yet: a commit returns when that has everything before it. A server that is
 * itself a standby refuses the insert of nothing in so many words.
 */
export const BARRIER = `with nothing as (insert into name (value) select '' where false)
  select pg_logical_emit_message(true, 'macpool', '')`;
