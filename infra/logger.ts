import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

import type { LogLevel } from './config-schema.ts';

/**
 * Creates the JSON logger of one process. Lines go to standard output, where the stack or the
 * container's runtime collects them. Messages are constant lower-case phrases; ids and figures with
 * their units go into fields; prompts, answers and credentials never go in.
 *
 * @param options - What distinguishes this process.
 * @param options.level - Least level that is written.
 * @param options.part - Name of the process; it stands on every line.
 * @param options.destination - Where lines go instead of standard output.
 */
export function createLogger(options: {
  level: LogLevel;
  part: string;
  destination?: DestinationStream;
}): Logger {
  const settings = {
    level: options.level,
    base: { part: options.part, pid: process.pid },
    timestamp: (): string => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string): object => ({ level: label }) },
    redact: ['apiKey', 'authorization', '*.apiKey', '*.authorization', '*.password', '*.secretKey'],
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
