/** What is known about one kind of failure. */
export interface FailureKind {
  /** One sentence for a person. */
  readonly meaning: string;
  /** Whether the same thing may be tried again unchanged; Temporal retries these, the rest end. */
  readonly isRetried: boolean;
  /** HTTP status of the API's answer. */
  readonly status: number;
}

const kinds = {
  'input-invalid': {
    meaning: 'A field is missing, unknown, of the wrong type or out of its range.',
    isRetried: false,
    status: 422,
  },
  unauthorised: {
    meaning: 'The API key is missing or unknown.',
    isRetried: false,
    status: 401,
  },
  'host-not-allowed': {
    meaning: 'The address is not on the list of hosts that may be called.',
    isRetried: false,
    status: 422,
  },
  'not-found': {
    meaning: 'There is no such thing for this tenant.',
    isRetried: false,
    status: 404,
  },
  conflict: {
    meaning: 'What is asked for contradicts what is there.',
    isRetried: false,
    status: 409,
  },
  'idempotency-key-reused': {
    meaning: 'The Idempotency-Key came before with another body.',
    isRetried: false,
    status: 422,
  },
  'too-large': {
    meaning: 'The body is larger than is taken.',
    isRetried: false,
    status: 413,
  },
  'unsupported-media-type': {
    meaning: 'The content type of the body is not one that is read.',
    isRetried: false,
    status: 415,
  },
  'collaboration-ended': {
    meaning: 'The collaboration has ended and takes nothing more.',
    isRetried: false,
    status: 409,
  },
  'not-paused': {
    meaning: 'The collaboration runs; there is nothing to resume.',
    isRetried: false,
    status: 409,
  },
  'already-paused': {
    meaning: 'The collaboration is paused already.',
    isRetried: false,
    status: 409,
  },
  'provider-unavailable': {
    meaning: 'A model provider cannot be reached, is overloaded or fails on its side.',
    isRetried: true,
    status: 502,
  },
  'provider-limited': {
    meaning: 'A limit on calls to a model provider leaves no room now.',
    isRetried: true,
    status: 503,
  },
  'provider-refused': {
    meaning: 'A model provider refuses the call for good: key, model or request are wrong.',
    isRetried: false,
    status: 502,
  },
  'worker-lost': {
    meaning: 'The worker that made a call is gone; another one makes the call again.',
    isRetried: true,
    status: 503,
  },
  'part-running': {
    meaning: 'A part of an analysis is under way; its end is looked for again.',
    isRetried: true,
    status: 503,
  },
  'database-unavailable': {
    meaning: 'The database cannot be reached.',
    isRetried: true,
    status: 503,
  },
  'temporal-unavailable': {
    meaning: 'Temporal cannot be reached.',
    isRetried: true,
    status: 503,
  },
  'artifacts-unavailable': {
    meaning: 'The artifact store cannot be reached.',
    isRetried: true,
    status: 503,
  },
  'artifact-corrupt': {
    meaning: 'The bytes of an artifact do not have the SHA-256 that names it.',
    isRetried: false,
    status: 500,
  },
  'ledger-corrupt': {
    meaning: 'The hash chain of a stream is broken.',
    isRetried: false,
    status: 500,
  },
  internal: {
    meaning: 'A fault of ours; the log says more under the same trace id.',
    isRetried: false,
    status: 500,
  },
} as const satisfies Readonly<Record<string, FailureKind>>;

/** Name of a failure, in Temporal failures and in the API's problems alike. */
export type FailureType = keyof typeof kinds;

/** Every failure that crosses a border, by name: a type that is not here is a bug. */
export const failures: Readonly<Record<FailureType, FailureKind>> = kinds;

/** Names of all failures. */
export const failureTypes = Object.keys(kinds) as readonly FailureType[];

/**
 * Tells failures of ours from others, for instance in what Temporal hands over.
 *
 * @param type - a name from outside
 */
export function isFailureType(type: unknown): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(kinds, type);
}
