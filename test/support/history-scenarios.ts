import type { Pattern } from '../../domain/collaboration/plan.ts';

/** A run to be recorded: how it starts, and what people do to it. */
export interface HistoryScenario {
  readonly workflow: Pattern;
  /** Name of its file. */
  readonly name: string;
  /** Body of the start, without the pattern. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Steps that follow the start at once, in order: last part of the path, or `approvals/<name>`, and body. */
  readonly steps: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
  /** How the run must end, so that the history shows what its name says. */
  readonly stoppedBy: string;
}

/** Agents beside the simulated panel, by the model that makes them slow. */
export const slowAgents = {
  steady: 'sim-ada-slow-400',
  late: 'sim-cy-slow-2500',
  endless: 'sim-dee-slow-8000',
} as const;

const panel = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee', 'sim-eve'];
const closed = {
  question: 'Which of the two stays?',
  options: ['The first', 'The second'],
  participants: panel,
  endsEarly: false,
  stopOnStability: false,
};

/** The runs whose histories every later version of the workflows must be able to replay. */
export const historyScenarios: readonly HistoryScenario[] = [
  {
    workflow: 'debate',
    name: 'closed-five-seats-three-rounds',
    body: { ...closed, rounds: 3 },
    steps: [],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'debate',
    name: 'positions-without-names',
    body: { ...closed, participants: panel.slice(0, 3), rounds: 2, gate: 'off' },
    steps: [],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'debate',
    name: 'open-grouped-and-written-up',
    body: {
      question: 'What comes next?',
      participants: panel.slice(0, 3),
      grouping: 'model',
      synthesis: true,
      rounds: 2,
      stopOnStability: false,
    },
    steps: [],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'consensus',
    name: 'certain-before-the-last-vote',
    body: {
      question: closed.question,
      options: closed.options,
      participants: [{ agent: 'sim-ada', weight: 10 }, 'sim-bo', 'late'],
      protocol: { kind: 'weighted' },
      endsEarly: true,
    },
    steps: [],
    stoppedBy: 'certain',
  },
  {
    workflow: 'debate',
    name: 'paused-told-joined-and-resumed',
    body: { ...closed, participants: ['steady', 'sim-bo'], rounds: 2 },
    steps: [
      ['pause', {}],
      ['messages', { text: 'Mind the costs.' }],
      ['participants', { agent: 'sim-eve' }],
      ['resume', {}],
    ],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'debate',
    name: 'cancelled',
    body: { ...closed, participants: ['late', 'sim-bo'], rounds: 2 },
    steps: [['cancel', {}]],
    stoppedBy: 'cancelled',
  },
  {
    workflow: 'debate',
    name: 'deadline-passed',
    body: { ...closed, participants: ['endless', 'sim-bo'], rounds: 2, deadline: 'PT1S' },
    steps: [],
    stoppedBy: 'deadline',
  },
  {
    workflow: 'debate',
    name: 'gated-after-its-vote',
    body: {
      ...closed,
      participants: ['sim-ada', 'sim-ada', 'sim-ada'],
      rounds: 3,
      gate: { disagreementMax: 1, marginMin: 0, confidenceMin: 0 },
    },
    steps: [],
    stoppedBy: 'gate',
  },
  {
    workflow: 'debate',
    name: 'gated-and-held',
    body: { ...closed, rounds: 2, gate: { confidenceMin: 1 } },
    steps: [],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'debate',
    name: 'asked-at-its-start-and-expired-at-its-end',
    body: {
      ...closed,
      participants: panel.slice(0, 2),
      rounds: 1,
      people: {
        points: ['start', 'decision'],
        questions: ['Which cloud is it?'],
        expiresAfterSeconds: 2,
        onExpiry: { decision: 'approve' },
      },
    },
    steps: [['approvals/question-1', { answer: 'reply', choice: 'The one in Turin.' }]],
    stoppedBy: 'rounds',
  },
  {
    workflow: 'analysis',
    name: 'cut-into-four-parts',
    body: { question: 'What comes next?', participants: panel.slice(0, 3), parts: 4 },
    steps: [],
    stoppedBy: 'parts',
  },
];

/** A run in the sandbox to be recorded. */
export interface SandboxScenario {
  readonly workflow: 'sandbox';
  /** Name of its file. */
  readonly name: string;
  /** Body of the start. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether it is cancelled right after its start. */
  readonly isCancelled: boolean;
  /** How it must end. */
  readonly status: string;
}

/** What the worker takes while runs in the sandbox are recorded: commands, but no snippets. */
export const recordedQueues = 'collaborations,commands';

/** Runs in the sandbox whose histories must be replayed as well. */
export const sandboxScenarios: readonly SandboxScenario[] = [
  {
    workflow: 'sandbox',
    name: 'a-command',
    body: { lane: 'command', argv: ['/bin/echo', 'spoken by a command'] },
    isCancelled: false,
    status: 'ok',
  },
  {
    workflow: 'sandbox',
    name: 'cancelled-before-it-began',
    body: { lane: 'javascript', code: 'output("spoken by a snippet")' },
    isCancelled: true,
    status: 'killed',
  },
];
