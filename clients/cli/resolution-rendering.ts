import { counted, table } from './rendering.ts';

/** What a seat held at one moment, as far as the command line shows it. */
interface ShownHeld {
  readonly choice: string | readonly string[] | null;
  readonly confidence: number | null;
  readonly isRight: boolean | null;
}

/** A resolution of the API, as far as the command line shows it. */
export interface ShownResolution {
  readonly answer: string;
  readonly control: { readonly answer: string | null; readonly isRight: boolean | null };
  readonly final: { readonly answer: string | null; readonly isRight: boolean | null };
  readonly effect: 'helped' | 'harmed' | 'none';
  readonly seats: readonly {
    readonly seat: string;
    readonly agent: string;
    readonly blind: ShownHeld | null;
    readonly final: ShownHeld | null;
  }[];
}

/** A calibration of the API, as far as the command line shows it. */
export interface ShownCalibration {
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
  readonly simulated: boolean;
  readonly questions: number;
  readonly trials: number;
  readonly score: {
    readonly accuracy: number;
    readonly meanConfidence: number;
    readonly brier: number;
    readonly expectedCalibrationError: number;
    readonly bins: readonly {
      readonly from: number;
      readonly to: number;
      readonly trials: number;
      readonly meanConfidence: number | null;
      readonly accuracy: number | null;
    }[];
  } | null;
  readonly kinds: Readonly<
    Record<
      string,
      {
        readonly questions: number;
        readonly trials: number;
        readonly expectedAccuracy: number;
        readonly brier: number | null;
      }
    >
  >;
}

/** Shows who was right in a few lines. */
export function resolutionText({ answer, control, final, effect, seats }: ShownResolution): string {
  const effects = { helped: 'it helped', harmed: 'it did harm', none: 'it changed nothing' };
  return [
    `true: ${answer}`,
    `blind vote: ${votedText(control)}`,
    `decision: ${votedText(final)}; ${effects[effect]}`,
    table([
      ['', 'agent', 'blind', 'in the end'],
      ...seats.map(({ seat, agent, blind, final: last }) => [
        seat,
        agent,
        heldText(blind),
        heldText(last),
      ]),
    ]),
  ].join('\n');
}

/** Shows how good the confidences of an agent's model were. */
export function calibrationText(shown: ShownCalibration): string {
  const { agent, provider, model, simulated, questions, trials, score, kinds } = shown;
  const mark = simulated ? ' [simulated]' : '';
  return [
    `${agent}: ${provider}/${model}${mark}, ${counted(trials, 'blind answer')} to ${counted(questions, 'resolved question')}`,
    ...scoreLines(score),
    table([
      ['kind', 'questions', 'answers', 'expected right', 'Brier score'],
      ...Object.entries(kinds).map(([kind, of]) => [
        kind,
        String(of.questions),
        String(of.trials),
        percent(of.expectedAccuracy),
        of.brier?.toFixed(3) ?? '-',
      ]),
    ]),
  ].join('\n');
}

function scoreLines(score: ShownCalibration['score']): readonly string[] {
  if (score === null) return ['no answer with a confidence yet'];
  const { accuracy, meanConfidence, brier, expectedCalibrationError: error } = score;
  const filled = score.bins.filter(({ trials }) => trials > 0);
  return [
    `right in ${percent(accuracy)}, stated ${percent(meanConfidence)}; Brier score ${brier.toFixed(3)} (0 is best), calibration error ${error.toFixed(3)}`,
    table([
      ['confidence', 'answers', 'stated', 'right'],
      ...filled.map((bin) => [
        `${bin.from.toFixed(1)}-${bin.to.toFixed(1)}`,
        String(bin.trials),
        percent(bin.meanConfidence),
        percent(bin.accuracy),
      ]),
    ]),
  ];
}

function votedText({ answer, isRight }: ShownResolution['final']): string {
  return answer === null ? 'no decision' : `${answer} (${isRight === true ? 'right' : 'wrong'})`;
}

function heldText(held: ShownHeld | null): string {
  if (held === null) return '-';
  if (held.choice === null) return '-';
  const { choice, confidence, isRight } = held;
  const words = typeof choice === 'string' ? choice : choice.join(', ');
  const sure = confidence === null ? '' : `, ${confidence.toFixed(2)} sure`;
  return `${words} (${isRight === true ? 'right' : 'wrong'}${sure})`;
}

function percent(share: number | null): string {
  return share === null ? '-' : `${String(Math.round(share * 100))} %`;
}
