import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A program of the bench in a process of its own, so that its processor time is counted apart. */
export interface ChildProgram<Message> {
  readonly pid: number;
  /** The first thing it said. */
  readonly said: Message;
  /** Resolves with the next thing it says. */
  next(): Promise<Message>;
  send(message: object): void;
  stop(): Promise<void>;
}

/**
 * Starts a program of this folder and waits for the first thing it says over its channel. It must end by itself when the
 * channel closes.
 */
export async function startProgram<Message>(
  file: string,
  args: readonly string[],
): Promise<ChildProgram<Message>> {
  const child = fork(join(import.meta.dirname, file), [...args], { execArgv: [] });
  const next = async (): Promise<Message> => {
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${file} ended with code ${String(code)} before it said anything`);
    });
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
    ended.catch(() => undefined); // it may end later on
    return message;
  };
  const said = await next();
  return {
    pid: child.pid ?? 0,
    said,
    next,
    send: (message) => {
      child.send(message);
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
