import { drawQuestion, type Question } from '../../../domain/evaluation/question.ts';
import { unmoved, type Member, type Scenario } from '../../../domain/evaluation/scenario.ts';

/** A member of 0.7 with nothing special; every field may be set. */
export function memberWith(fields: Partial<Member> = {}): Member {
  return {
    model: 'm1',
    accuracy: 0.7,
    record: 0.7,
    confidence: 'calibrated',
    fault: null,
    ...fields,
  };
}

/** Three members of models of their own who react to nobody; every field may be set. */
export function scenarioWith(fields: Partial<Scenario> = {}): Scenario {
  return {
    name: 'sample',
    about: 'a sample',
    members: ['m1', 'm2', 'm3'].map((model) => memberWith({ model })),
    options: 4,
    correlation: 0,
    attraction: 0.3,
    insight: 0.5,
    evenness: 4,
    reactions: unmoved,
    trials: 0,
    replyTokens: 300,
    ...fields,
  };
}

/** Questions 0 … of a scenario, from seed 7. */
export function questionsOf(scenario: Scenario, count: number): readonly Question[] {
  return Array.from({ length: count }, (_, number) => drawQuestion(scenario, 7, number));
}

/** Share of the items of which something is so. */
export function shareOf<T>(items: readonly T[], isSo: (item: T) => boolean): number {
  return items.filter(isSo).length / items.length;
}
