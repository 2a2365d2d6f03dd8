import type { TrackRecord } from '../../domain/calibration/track-record.ts';
import type {
  NewResolution,
  RecordedModel,
  ResolutionStore,
} from '../../infra/stores/resolution-store.ts';

/** Keeps resolutions in memory; the same suite runs against it as against the database. */
export function createFakeResolutions(): ResolutionStore {
  const kept = new Map<string, NewResolution>();
  const trialsOf = (tenantId: string, asked: RecordedModel) =>
    [...kept.values()]
      .filter((one) => one.tenantId === tenantId)
      .flatMap(({ trials, collaborationId }) =>
        trials.map((trial) => ({ ...trial, collaborationId })),
      )
      .filter(
        ({ provider, model, simulated }) =>
          provider === asked.provider && model === asked.model && simulated === asked.simulated,
      );
  return {
    add: (input) => {
      const key = `${input.tenantId}/${input.collaborationId}`;
      const isNew = !kept.has(key);
      if (isNew) kept.set(key, input);
      return Promise.resolve({ isNew, resolution: shownOf(kept.get(key) ?? input) });
    },
    get: (tenantId, id) => {
      const found = kept.get(`${tenantId}/${id}`);
      return Promise.resolve(found && shownOf(found));
    },
    recordsOf: (tenantId, models) => {
      const different = new Map(models.map((model) => [JSON.stringify(model), model]));
      const records = [...different.values()].map(
        ({ provider, model, simulated }): TrackRecord => ({
          ...{ provider, model, simulated },
          counts: trialsOf(tenantId, { provider, model, simulated }).map((trial) => ({
            kind: trial.kind,
            confidence: trial.confidence,
            right: trial.isRight ? 1 : 0,
            wrong: trial.isRight ? 0 : 1,
          })),
        }),
      );
      return Promise.resolve(records.filter(({ counts }) => counts.length > 0));
    },
    countQuestions: (tenantId, model) => {
      const questions = new Map<string, Set<string>>();
      for (const { kind, collaborationId } of trialsOf(tenantId, model)) {
        questions.set(kind, (questions.get(kind) ?? new Set()).add(collaborationId));
      }
      return Promise.resolve(
        Object.fromEntries([...questions].map(([kind, ids]) => [kind, ids.size])),
      );
    },
  };
}

function shownOf({ answerKey, answer, note, questionKind, resolvedAt }: NewResolution) {
  return { answerKey, answer, note, questionKind, resolvedAt };
}
