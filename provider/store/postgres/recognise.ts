import type { Lease } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { Queryable } from "./database";
import type { DraftEvent, DraftLedger } from "./draft-ledger";
import type { Reply } from "./portion";
import { type Answers, Questions } from "./questions";

/**
 * Returns what the register would have said of a draft if it was written, although the connection broke before anybody
 * said so; undefined when it was not. Then each of its events is there, after what it relied on; and one of its leases
 * under its token, or what it made of pools and reservations. `session` is one connection.
 */
export async function recognise(draft: DraftLedger, answers: Answers, session: Queryable): Promise<Reply | undefined> {
  const questions = new Questions();
  for (const address of draft.written.keys()) questions.leases.add(address);
  const now = await questions.put(session, undefined);
  const isThere = telling(draft).some((lease) => isSame(lease, now.leases.get(lease.address), answers.newest.seq));
  const isDefined =
    draft.definitions.changes.length > 0 &&
    now.definitions.version === draft.definitions.versionLeft &&
    now.definitions.equals(draft.definitions);
  const reply = isThere || isDefined ? await replyOf(draft, answers, session) : undefined;
  if (reply !== undefined) await session.query(BARRIER);
  return reply;
}

/**
 * Writes next to nothing, and commits. What a connection has just seen may be on its server alone, and the synchronous
 * standby, if there is one, may not have it yet: a commit returns when that has everything before it. A server that is
 * itself a standby refuses the insert of nothing in so many words.
 */
export const BARRIER = `with nothing as (insert into name (value) select '' where false)
  select pg_logical_emit_message(true, 'macpool', '')`;

/** A token that was drawn for this draft is nobody else's; what a release or a change comes to, others may have done too. */
function telling(draft: DraftLedger): readonly Lease[] {
  const written = [...draft.written.values()];
  const drawn = written.filter(({ address, token }) => draft.before(address)?.token !== token);
  return drawn.length > 0 ? drawn : written;
}

/** Whether the register has what was written, and has it since a change after `seq`: a lease that is put back is under an old token. */
function isSame(written: Lease, found: Lease | undefined, seq: number): boolean {
  return (
    found !== undefined &&
    found.seq > seq &&
    found.token === written.token &&
    found.owner === written.owner &&
    found.installation === written.installation &&
    (found.releasedAt === undefined) === (written.releasedAt === undefined) &&
    (found.releasedAt ?? 0) >= (written.releasedAt ?? 0) &&
    found.description === written.description
  );
}

/** After what the draft relied on, its own events are the first of each address; undefined when one is missing. */
async function replyOf(draft: DraftLedger, answers: Answers, session: Queryable): Promise<Reply | undefined> {
  const rows = await session.query<EventRow>({
    text: `select seq, at, kind, address, pool, owner from event where seq > $1 and kind = any($2::text[])
             and (address is null or address = any($3::bigint[])) order by seq`,
    values: [
      answers.newest.seq,
      [...new Set(draft.events.map(({ kind }) => kind))],
      [...new Set(draft.events.flatMap((event) => event.address ?? []))],
    ],
  });
  const rest = [...rows];
  const own = draft.events.flatMap((event) => {
    const index = rest.findIndex((row) => isOf(event, row));
    return index < 0 ? [] : rest.splice(index, 1);
  });
  if (own.length < draft.events.length) return undefined;
  return { holds: true, numbers: own.map(({ seq }) => seq), at: own[0]?.at ?? null };
}

interface EventRow {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly address: Mac | null;
  readonly pool: string;
  readonly owner: string;
}

function isOf(event: DraftEvent, { kind, address, pool, owner }: EventRow): boolean {
  return (
    kind === event.kind && (address ?? undefined) === event.address && pool === event.pool && owner === event.owner
  );
}
