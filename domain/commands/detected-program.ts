/** What `--version` of a program said. */
export interface DetectedVersion {
  readonly isThere: boolean;
  /** For instance `2.1.197`; `null` where it names none. */
  readonly version: string | null;
  /** For people: the version, or why it does not run. */
  readonly detail: string;
}

/** What a dry call of a program showed. */
export interface DetectedCapabilities {
  readonly isAnswering: boolean;
  /** Whether it says how many tokens it used. */
  readonly hasUsage: boolean;
  /** Whether it says what that cost. */
  readonly hasCost: boolean;
  readonly latencyMs: number;
  /** For people: what came of it. */
  readonly detail: string;
}

/** What a worker found out about a program. */
export interface DetectedProgram extends DetectedVersion {
  /** `null` where no dry call was made: it is not there, or its registration wants none. */
  readonly capabilities: DetectedCapabilities | null;
}
