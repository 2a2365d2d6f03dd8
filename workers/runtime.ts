import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

/** Where log lines go: one method a level. */
export interface LogLines {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Somebody else has done a task whose time was over: nothing is lost, and nobody has to act. */
const lateAnswers: readonly string[] = [
  'Task not found when completing',
  'Tried to complete untracked local activity',
];

/** Installs Temporal's runtime once per process: its log lines become ours, and it leaves the signals to us. */
export function installRuntime(logger: LogLines): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const fields = { temporal: true, ...meta };
      if (lateAnswers.includes(message)) logger.debug(fields, message);
      else if (level === 'WARN') logger.warn(fields, message);
      else if (level === 'ERROR') logger.error(fields, message);
      else if (level === 'INFO') logger.info(fields, message);
      else logger.debug(fields, message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'WARN' }), forward: {} },
    },
  });
}
