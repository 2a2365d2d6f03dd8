import { fitMap } from '../domain/calibration/confidence-map.ts';
import type { ConfidenceMap } from '../domain/calibration/confidence-map.ts';
import { questionKindDefault, questionKinds } from '../domain/calibration/question-kind.ts';
import type { QuestionKind } from '../domain/calibration/question-kind.ts';
import { reliabilityPlot } from '../domain/calibration/reliability-plot.ts';
import { scoreOf } from '../domain/calibration/score.ts';
import type { Score } from '../domain/calibration/score.ts';
import { accuracyOf } from '../domain/calibration/seat-weights.ts';
import { hitsOf } from '../domain/calibration/track-record.ts';
import type { TrialCount } from '../domain/calibration/track-record.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { RecordedModel } from '../infra/stores/resolution-store.ts';
import type { Links } from './collaboration-view.ts';
import type { ApiDeps } from './ports.ts';

/** A record about one kind of question. */
export interface KindView {
  readonly questions: number;
  readonly trials: number;
  readonly expectedAccuracy: number;
  readonly map: ConfidenceMap;
  readonly brier: number | null;
}

/** How good the confidences of an agent's model were, as the API shows it. */
export interface CalibrationView {
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
  readonly simulated: boolean;
  readonly questions: number;
  readonly trials: number;
  readonly score: Score | null;
  readonly map: ConfidenceMap;
  readonly kinds: Readonly<Record<QuestionKind, KindView>>;
  readonly links: Links;
}

/** Names the model that an agent asks, as its record knows it. */
export function recordedModel({ provider, model, simulated }: Agent): RecordedModel {
  return { provider, model, simulated };
}

/** Shows the record of an agent's model. */
export async function calibrationView(
  deps: Pick<ApiDeps, 'resolutions'>,
  tenantId: string,
  agent: Agent,
): Promise<CalibrationView> {
  const asked = recordedModel(agent);
  const [[record], questions] = await Promise.all([
    deps.resolutions.recordsOf(tenantId, [asked]),
    deps.resolutions.countQuestions(tenantId, asked),
  ]);
  const counts = record?.counts ?? [];
  const self = `/v1/agents/${encodeURIComponent(agent.name)}/calibration`;
  return {
    agent: agent.name,
    ...asked,
    questions: Object.values(questions).reduce((sum, count) => sum + count, 0),
    trials: trialsIn(counts),
    score: scoreOf(counts),
    map: mapOfAll(counts),
    kinds: Object.fromEntries(
      questionKinds.map((kind) => [kind, kindView(counts, kind, questions[kind] ?? 0)]),
    ) as Record<QuestionKind, KindView>,
    links: { self, plot: `${self}.svg` },
  };
}

/** Draws the record of an agent's model. */
export function calibrationPlot(view: CalibrationView): string {
  const { agent, provider, model, simulated, score, map, questions } = view;
  const mark = simulated ? ' [simulated]' : '';
  return reliabilityPlot({ title: `${agent}: ${provider}/${model}${mark}`, score, map, questions });
}

function kindView(counts: readonly TrialCount[], kind: QuestionKind, questions: number): KindView {
  const own = counts.filter((count) => count.kind === kind);
  return {
    questions,
    trials: trialsIn(own),
    expectedAccuracy: accuracyOf(counts, kind),
    map: fitMap(counts, kind),
    brier: scoreOf(own)?.brier ?? null,
  };
}

/** All kinds taken for one: what the plot shows beside all their trials. */
function mapOfAll(counts: readonly TrialCount[]): ConfidenceMap {
  const kind = questionKindDefault;
  return fitMap(
    counts.map((count) => ({ ...count, kind })),
    kind,
  );
}

function trialsIn(counts: readonly TrialCount[]): number {
  const { right, wrong } = hitsOf(counts);
  return right + wrong;
}
