import type { ApiDeps, StartInput, SteeringOutcome, SteeringTarget } from '../../api/ports.ts';

/** What the engine was asked, and what a test says of it. */
export interface EngineBook {
  readonly started: StartInput[];
  readonly steered: { name: string; target: SteeringTarget; input: object }[];
  /** Whether Temporal cannot be reached. */
  isEngineAway: boolean;
  /** Runs that Temporal knows, and how it has them; what it has started it knows. */
  readonly presences: Map<string, 'busy' | 'idle' | 'closed'>;
  readonly restored: StartInput[];
  /** Runs that were told to catch up. */
  readonly caughtUp: string[];
  /** Names Temporal's database. */
  incarnation: string;
  /** What the next update comes to, or what becomes of it. */
  outcome: SteeringOutcome | (() => Promise<SteeringOutcome>);
}

/** Makes an engine that runs nothing and keeps in its book what it was asked. */
export function createFakeEngine(book: EngineBook): ApiDeps['engine'] {
  const update =
    (name: string) =>
    (target: SteeringTarget, input: object): Promise<SteeringOutcome> => {
      book.steered.push({ name, target, input });
      const { outcome } = book;
      return typeof outcome === 'function' ? outcome() : Promise.resolve(outcome);
    };
  return {
    start: (input) => {
      if (book.isEngineAway) return Promise.resolve({ kind: 'unreachable', cause: 'away' });
      book.started.push(input);
      book.presences.set(input.collaborationId, 'busy');
      return Promise.resolve({ kind: 'started' });
    },
    restore: (input) => {
      if (book.isEngineAway) return Promise.resolve({ kind: 'unreachable', cause: 'away' });
      if (book.presences.has(input.collaborationId)) return Promise.resolve({ kind: 'known' });
      book.restored.push(input);
      book.presences.set(input.collaborationId, 'busy');
      return Promise.resolve({ kind: 'restored' });
    },
    presence: ({ collaborationId }) =>
      Promise.resolve(
        book.isEngineAway
          ? { kind: 'unreachable', cause: 'away' }
          : { kind: book.presences.get(collaborationId) ?? 'absent' },
      ),
    catchUp: ({ collaborationId }) => {
      book.caughtUp.push(collaborationId);
      return Promise.resolve();
    },
    incarnation: () => Promise.resolve(book.isEngineAway ? undefined : book.incarnation),
    pause: update('pause'),
    resume: update('resume'),
    cancel: update('cancel'),
    close: update('close'),
    addMessage: update('addMessage'),
    addParticipant: update('addParticipant'),
    raiseBudget: update('raiseBudget'),
    answerApproval: update('answerApproval'),
  };
}
