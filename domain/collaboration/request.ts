import type { PeopleInput } from '../approvals/people-schema.ts';
import type { QuestionKind } from '../calibration/question-kind.ts';
import type { Gate } from '../gate/gate-terms.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Pattern } from './plan.ts';

/** A material as it comes in: text in place, or an artifact that was put before. */
export type MaterialInput =
  | { readonly name: string; readonly text: string }
  | { readonly artifact: string; readonly name?: string };

/** A participant as it comes in: an agent's name, or more about its seat. */
export type ParticipantInput =
  | string
  | {
      readonly agent: string;
      readonly persona?: string;
      readonly personas?: readonly string[];
      readonly weight?: number;
    };

/** The body of a start, after validation (see `request-schema.ts` for ranges and messages). */
export interface CollaborationRequest {
  readonly pattern: Pattern;
  readonly question: string;
  readonly options?: readonly string[];
  readonly materials?: readonly MaterialInput[];
  readonly participants?: readonly ParticipantInput[];
  readonly protocol?: Protocol;
  readonly rounds?: number;
  readonly thoroughness?: number;
  /** Most parts of an analysis; follows thoroughness where absent. */
  readonly parts?: number;
  readonly questionKind?: QuestionKind;
  readonly toleratedFaults?: number;
  readonly budget?: { readonly tokens?: number; readonly usd?: number };
  /** ISO 8601 duration, for instance `PT10M`. */
  readonly deadline?: string;
  readonly stopOnStability?: boolean;
  readonly endsEarly?: boolean;
  readonly synthesis?: boolean;
  readonly grouping?: 'exact' | 'normalised' | 'model';
  readonly depth?: 'combined' | 'split';
  /** Whether the blind vote of a debate may be enough; thresholds that are left out follow thoroughness. */
  readonly gate?: 'off' | Partial<Gate>;
  /** Where people are asked, and what holds when nobody answers. */
  readonly people?: PeopleInput;
  /** Agent that judges, groups and synthesises; the first participant by default. */
  readonly chair?: string;
  readonly allowFallback?: boolean;
  readonly maxOutputTokens?: number;
  /** Custom personas of this run: name to instructions. */
  readonly personas?: Readonly<Record<string, string>>;
  /** Hexadecimal seed of the shuffles; drawn by the API where absent. */
  readonly seed?: string;
}

/** What a run would cost at most and probably, shown before it starts. */
export interface Estimate {
  /** Calls when every round is needed, repairs not counted. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Integer micro-dollars; `null` when an agent's price is unknown. */
  readonly microsUsd: number | null;
  /** The least that one full round costs, tokens: a smaller budget is refused. */
  readonly oneRoundTokens: number;
  readonly oneRoundMicrosUsd: number | null;
}
