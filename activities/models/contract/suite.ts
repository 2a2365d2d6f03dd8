import { endingCases, faultCases } from './fault-cases.ts';
import { replyCases } from './reply-cases.ts';
import { onScene, type ContractSubject } from './scene.ts';

/** One thing that a connector has to do. */
export interface ContractCase {
  /** A fact, in the present tense. */
  readonly title: string;
  /** Rejects when it does not hold. It needs no set-up and leaves nothing behind. */
  readonly run: () => Promise<void>;
}

/**
 * Gives what every model connector has to do, whatever provider it speaks to, over real HTTP: one suite for the connectors
 * of this project and for adapters. Each case stands alone, so any test runner can run it. The provider's side is played
 * by the panel of simulated agents, whose models behave as their names end.
 */
export function connectorCases(subject: ContractSubject): readonly ContractCase[] {
  return [...replyCases, ...faultCases, ...endingCases]
    .filter(({ isFor }) => isFor === undefined || isFor(subject.traits))
    .map(({ title, check }) => ({
      title,
      run: async () => {
        await onScene(subject, check);
      },
    }));
}
