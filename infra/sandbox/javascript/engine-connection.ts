import { z } from 'zod';

import { sandboxStatuses } from '../../../domain/sandbox/run.ts';
import { reasonLengthMax } from './engine-message.ts';
import type { CancelRequest, RunReply, RunRequest } from './engine-message.ts';
import type { EngineProcess } from './engine-process.ts';
import { encodeFrame, FrameReader } from './frame.ts';

/** What a run asks of an engine. */
export type EngineRun = Pick<RunRequest, 'seed' | 'limits'> & {
  readonly code: string;
  readonly input: string;
};

/** What came back: an answer, or the engine is gone and with it every run that it had. */
export type EngineAnswer =
  | {
      readonly kind: 'replied';
      readonly reply: RunReply;
      readonly stdout: string;
      readonly stderr: string;
      readonly value: string | null;
    }
  | { readonly kind: 'lost'; readonly reason: string };

interface Pending {
  readonly run: EngineRun;
  readonly answer: (answer: EngineAnswer) => void;
}

const count = z.int().min(0);

const noticeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({
    kind: z.literal('reply'),
    id: count,
    status: z.enum(sandboxStatuses),
    reason: z.string().max(reasonLengthMax),
    fuelUsed: count,
    peakMemoryBytes: count.nullable(),
    isTruncated: z.boolean(),
    stdoutBytes: count,
    stderrBytes: count,
    valueBytes: count.nullable(),
  }),
]);

/**
 * The host's end of one engine process. What the engine says is not trusted: a message too long, malformed or out
 * of place ends the engine.
 */
export class EngineConnection {
  /** Settles when it is known whether the engine takes runs. */
  readonly ready: Promise<boolean>;
  /** Settles once the process is gone. */
  readonly ended: Promise<void>;
  readonly #engine: EngineProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #setReady: (takesRuns: boolean) => void;
  readonly #reader = new FrameReader(() => this.#bodyBytesMax());
  #lastId = 0;
  #isReady = false;
  #hasServed = false;
  #fault: string | undefined;

  /**
   * Takes over an engine.
   *
   * @param engine - just started
   */
  constructor(engine: EngineProcess) {
    this.#engine = engine;
    const ready = Promise.withResolvers<boolean>();
    this.ready = ready.promise;
    this.#setReady = ready.resolve;
    engine.output.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    engine.output.on('error', () => {
      this.end('its output broke');
    });
    engine.input.on('error', () => {
      this.end('its input broke');
    });
    this.ended = engine.ended.then((how) => {
      this.end(`the engine ended: ${how}`);
    });
  }

  /** Why it takes no runs any more; undefined while it does. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Whether it has answered a run. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /**
   * Sends a run.
   *
   * @param run - what to run
   * @returns its id, and the answer
   */
  send(run: EngineRun): { readonly id: number; readonly answer: Promise<EngineAnswer> } {
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#fault !== undefined) {
      return { id, answer: Promise.resolve({ kind: 'lost', reason: this.#fault }) };
    }
    const { promise, resolve } = Promise.withResolvers<EngineAnswer>();
    this.#pending.set(id, { run, answer: resolve });
    const code = Buffer.from(run.code);
    const { seed, limits } = run;
    this.#write({ kind: 'run', id, seed, codeBytes: code.length, limits }, [
      code,
      Buffer.from(run.input),
    ]);
    return { id, answer: promise };
  }

  /** Asks for the end of a run; its answer says whether it came to that. */
  cancel(id: number): void {
    if (this.#fault === undefined) this.#write({ kind: 'cancel', id }, []);
  }

  /**
   * Ends the engine and every run that it has.
   *
   * @param reason - one sentence; of several calls the first tells
   */
  end(reason: string): void {
    if (this.#fault !== undefined) return;
    this.#fault = reason;
    this.#engine.kill();
    this.#setReady(false);
    for (const { answer } of this.#pending.values()) answer({ kind: 'lost', reason });
    this.#pending.clear();
  }

  #write(header: RunRequest | CancelRequest, parts: readonly Uint8Array[]): void {
    for (const piece of encodeFrame(header, parts)) this.#engine.input.write(piece);
  }

  /** No answer is longer than the longest that a run in flight may give. */
  #bodyBytesMax(): number {
    const allowed = [...this.#pending.values()].map(({ run }) => bytesMax(run));
    return Math.max(0, ...allowed);
  }

  #read(chunk: Buffer): void {
    if (this.#fault !== undefined) return;
    try {
      for (const { header, body } of this.#reader.push(chunk)) {
        const notice = noticeSchema.parse(header);
        if (notice.kind === 'ready') this.#begin();
        else this.#settle(notice, body);
      }
    } catch (error) {
      this.end(`the engine said what it may not: ${error instanceof Error ? error.message : ''}`);
    }
  }

  #begin(): void {
    if (this.#isReady) throw new Error('that it is ready, a second time');
    this.#isReady = true;
    this.#setReady(true);
  }

  #settle(reply: RunReply, body: Buffer): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) throw new Error(`a reply to ${reply.id}, which does not run`);
    const { outputBytes, valueBytes } = pending.run.limits;
    const outputEnd = reply.stdoutBytes + reply.stderrBytes;
    if (outputEnd > outputBytes || (reply.valueBytes ?? 0) > valueBytes) {
      throw new Error(`a reply to ${reply.id} beyond its limits`);
    }
    if (outputEnd + (reply.valueBytes ?? 0) !== body.length) {
      throw new Error(`a reply to ${reply.id} whose parts do not add up`);
    }
    this.#pending.delete(reply.id);
    this.#hasServed = true;
    pending.answer({
      kind: 'replied',
      reply,
      stdout: body.toString('utf8', 0, reply.stdoutBytes),
      stderr: body.toString('utf8', reply.stdoutBytes, outputEnd),
      value: reply.valueBytes === null ? null : body.toString('utf8', outputEnd),
    });
  }
}

function bytesMax({ limits }: EngineRun): number {
  return limits.outputBytes + limits.valueBytes;
}
