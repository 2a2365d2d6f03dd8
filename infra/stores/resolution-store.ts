import type { QuestionKind } from '../../domain/calibration/question-kind.ts';
import type { Trial } from '../../domain/calibration/resolution.ts';
import { modelKey } from '../../domain/calibration/track-record.ts';
import type { ModelName, TrackRecord, TrialCount } from '../../domain/calibration/track-record.ts';
import type { Transaction } from '../database/connection.ts';
import type { StoreDeps } from './store-deps.ts';

/** A model as its record knows it. */
export type RecordedModel = ModelName & { readonly simulated: boolean };

/** What turned out to be the true answer of a run. */
export interface Resolution {
  /** Key of the answer, which stands for all that were merged with it. */
  readonly answerKey: string;
  /** The answer in words. */
  readonly answer: string;
  readonly note: string | null;
  readonly questionKind: QuestionKind;
  /** RFC 3339, UTC, milliseconds. */
  readonly resolvedAt: string;
}

/** A resolution as it is written, with what it adds to the records. */
export interface NewResolution extends Resolution {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly trials: readonly Trial[];
}

/** Resolved runs in which a model gave a blind answer, by kind of question. */
export type QuestionCounts = Readonly<Partial<Record<QuestionKind, number>>>;

/** What turned out to be true, and the records of models that follow from it. */
export interface ResolutionStore {
  /**
   * Resolves a run, once: the first resolution stands, with its trials, whatever comes later or at the same time.
   *
   * @returns the resolution that stands, and whether it is this one
   */
  add(input: NewResolution): Promise<{ readonly isNew: boolean; readonly resolution: Resolution }>;
  get(tenantId: string, collaborationId: string): Promise<Resolution | undefined>;
  /** Reads the records of models; one without any trial is not among them. */
  recordsOf(tenantId: string, models: readonly RecordedModel[]): Promise<TrackRecord[]>;
  countQuestions(tenantId: string, model: RecordedModel): Promise<QuestionCounts>;
}

/**
 * Opens the store of resolutions.
 *
 * @param deps - the database
 */
export function createResolutionStore(deps: StoreDeps): ResolutionStore {
  const { database } = deps;
  return {
    add: (input) =>
      database.withTenant(input.tenantId, async (sql) => {
        const isNew = await insert(sql, input);
        const resolution = await read(sql, input.tenantId, input.collaborationId);
        if (resolution === undefined) throw new Error(`${input.collaborationId}: not resolved`);
        return { isNew, resolution };
      }),

    get: (tenantId, collaborationId) =>
      database.withTenant(tenantId, (sql) => read(sql, tenantId, collaborationId)),

    recordsOf: (tenantId, models) =>
      database.withTenant(tenantId, (sql) => readRecords(sql, tenantId, models)),

    countQuestions: (tenantId, { provider, model, simulated }) =>
      database.withTenant(tenantId, async (sql) => {
        const rows = await sql<{ kind: QuestionKind; questions: number }[]>`
          select question_kind as kind, count(distinct collaboration_id)::integer as questions
          from conclave.trials
          where tenant_id = ${tenantId} and provider = ${provider} and model = ${model}
            and simulated = ${simulated}
          group by question_kind`;
        return Object.fromEntries(rows.map(({ kind, questions }) => [kind, questions]));
      }),
  };
}

/** Whoever comes second waits for the first one's commit, and finds its row. */
async function insert(sql: Transaction, input: NewResolution): Promise<boolean> {
  const { tenantId, collaborationId, answerKey, answer, note, questionKind, resolvedAt } = input;
  const { count } = await sql`
    insert into conclave.resolutions
      (tenant_id, collaboration_id, answer_key, answer, note, question_kind, resolved_at)
    values (${tenantId}, ${collaborationId}, ${answerKey}, ${answer}, ${note}, ${questionKind},
      ${resolvedAt}::timestamptz)
    on conflict do nothing`;
  if (count === 0) return false;
  const rows = input.trials.map((trial) => ({
    tenant_id: tenantId,
    provider: trial.provider,
    model: trial.model,
    simulated: trial.simulated,
    collaboration_id: collaborationId,
    seat: trial.seat,
    question_kind: trial.kind,
    confidence: trial.confidence,
    is_right: trial.isRight,
  }));
  if (rows.length > 0) await sql`insert into conclave.trials ${sql(rows)}`;
  return true;
}

async function read(
  sql: Transaction,
  tenantId: string,
  collaborationId: string,
): Promise<Resolution | undefined> {
  const [row] = await sql<
    {
      answer_key: string;
      answer: string;
      note: string | null;
      question_kind: QuestionKind;
      resolved_at: Date;
    }[]
  >`
    select answer_key, answer, note, question_kind, resolved_at from conclave.resolutions
    where tenant_id = ${tenantId} and collaboration_id = ${collaborationId}`;
  if (row === undefined) return undefined;
  return {
    answerKey: row.answer_key,
    answer: row.answer,
    note: row.note,
    questionKind: row.question_kind,
    resolvedAt: row.resolved_at.toISOString(),
  };
}

interface CountRow extends RecordedModel, TrialCount {}

/** Models state few different confidences, so that a long record is still a short answer. */
async function readRecords(
  sql: Transaction,
  tenantId: string,
  models: readonly RecordedModel[],
): Promise<TrackRecord[]> {
  if (models.length === 0) return [];
  const rows = await sql<CountRow[]>`
    select t.provider, t.model, t.simulated, t.question_kind as kind, t.confidence,
      count(*) filter (where t.is_right)::integer as right,
      count(*) filter (where not t.is_right)::integer as wrong
    from (
      select distinct m ->> 'provider' as provider, m ->> 'model' as model,
        (m ->> 'simulated')::boolean as simulated
      from json_array_elements(${JSON.stringify(models)}::text::json) m
    ) asked
    join conclave.trials t on t.tenant_id = ${tenantId} and t.provider = asked.provider
      and t.model = asked.model and t.simulated = asked.simulated
    group by t.provider, t.model, t.simulated, t.question_kind, t.confidence
    order by t.provider, t.model, t.simulated, t.question_kind, t.confidence`;
  const records = new Map<string, RecordedModel & { counts: TrialCount[] }>();
  for (const { provider, model, simulated, ...count } of rows) {
    const named = { provider, model, simulated };
    const record = records.get(modelKey(named)) ?? { ...named, counts: [] };
    record.counts.push(count);
    records.set(modelKey(named), record);
  }
  return [...records.values()];
}
