import { Command, CommanderError, InvalidArgumentError } from 'commander';

import { patterns, type Pattern } from '../../domain/collaboration/plan.ts';
import { questionKinds } from '../../domain/calibration/question-kind.ts';
import { approvalPoints } from '../../domain/approvals/approval-terms.ts';
import { createApiClient } from './api-client.ts';
import { addApprovals } from './approval-program.ts';
import * as commands from './commands.ts';
import type { CommandContext, ForkChoices, StartChoices } from './commands.ts';
import { findConnection, type ConnectionOptions, type Environment } from './connection.ts';
import { CommandError, exitFailed, exitOk, exitUsage } from './exit.ts';
import type { Printer } from './print.ts';
import { collected, numberOf, timeOf } from './option-values.ts';
import { addReplays } from './replay-program.ts';
import { addSandbox } from './sandbox-program.ts';
import { participantOf } from './start-request.ts';
import { verify, type VerifyOptions } from './verify.ts';
import { addWebhooks } from './webhook-program.ts';

/** What the command line stands on. */
export interface Surroundings {
  readonly env: Environment;
  readonly printer: Printer;
  /** Falls when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
}

type SharedOptions = ConnectionOptions & { readonly json?: boolean };

/**
 * Runs one command line.
 *
 * @param args - what stands after the program's name
 * @returns the exit code: 0 for success, 1 for a refusal or a record that does not hold, 2 for wrong usage
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { printer } = surroundings;
  const outcome = { exitCode: exitOk };
  const program = createProgram(surroundings, outcome);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitOk : exitUsage;
    if (error instanceof CommandError) {
      printer.note(`conclave: ${error.message}`);
      return error.exitCode;
    }
    printer.note(`conclave: ${error instanceof Error ? error.message : String(error)}`);
    return exitFailed;
  }
}

function createProgram(surroundings: Surroundings, outcome: { exitCode: number }): Command {
  const { printer } = surroundings;
  const program = new Command('conclave')
    .description('Start, watch and steer collaborations of several AIs, and verify their records')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        printer.print(text.trimEnd());
      },
      writeErr: (text) => {
        printer.note(text.trimEnd());
      },
    })
    .showHelpAfterError('(--help shows what can be said)');
  addVerify(program, printer, outcome);
  addReplays(program, printer, outcome);
  addStarts(program, surroundings);
  addForks(program, surroundings);
  addReading(program, surroundings);
  addDocuments(program, surroundings);
  addSteering(program, surroundings);
  addTruth(program, surroundings);
  const shared = {
    connected,
    contextOf: (options: SharedOptions) => contextOf(options, surroundings),
  };
  addApprovals(program, shared);
  addWebhooks(program, shared);
  addSandbox(program, shared);
  return program;
}

function addVerify(program: Command, printer: Printer, outcome: { exitCode: number }): void {
  program
    .command('verify <file>')
    .description('verify a sealed record; needs no server')
    .option('--events <file>', 'its events: JSON array, pages of the API, or JSONL')
    .option('--key <file>', 'public keys that you trust: PEM, SPKI as base64, or what "keys" saved')
    .option('--origin <file>', 'of a fork: the events of the run that it comes from')
    .option('--json', 'findings as JSON')
    .action(async (file: string, options: VerifyOptions) => {
      outcome.exitCode = await verify(file, options, printer);
    });
}

function addStarts(program: Command, surroundings: Surroundings): void {
  for (const pattern of patterns) {
    startCommand(program, `${pattern} <question>`, `start ${article(pattern)} ${pattern}`).action(
      async (question: string, options: StartChoices & SharedOptions) => {
        await commands.start(contextOf(options, surroundings), { pattern, question }, options);
      },
    );
  }
  startCommand(program, 'start <question>', 'start a collaboration of any pattern')
    .option('--pattern <name>', `one of ${patterns.join(', ')}`, patternOf, 'debate')
    .action(
      async (
        question: string,
        options: StartChoices & SharedOptions & { readonly pattern: Pattern },
      ) => {
        const what = { pattern: options.pattern, question };
        await commands.start(contextOf(options, surroundings), what, options);
      },
    );
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

function startCommand(program: Command, usage: string, description: string): Command {
  return connected(program.command(usage).description(description))
    .option('--option <text>', 'an answer to choose from; repeat for each', collected)
    .option(
      '--agent <name>',
      'participant, as agent[:persona[+persona][:weight]]; repeat',
      collected,
    )
    .option('--material <file>', 'a file that the participants may read; repeat', collected)
    .option('--persona <name=text>', 'a persona of your own; repeat', collected)
    .option('--protocol <kind>', 'how votes are counted: a name, or JSON')
    .option('--rounds <n>', 'most rounds, 1 to 5', numberOf)
    .option('--parts <n>', 'most parts of an analysis, 1 to 12', numberOf)
    .option('--thoroughness <share>', '0.0 (quick) to 1.0 (thorough)', numberOf)
    .option('--question-kind <kind>', `what it is about: ${questionKinds.join(', ')}`)
    .option('--tolerated-faults <n>', 'participants that may be faulty', numberOf)
    .option('--budget-usd <usd>', 'most dollars', numberOf)
    .option('--budget-tokens <n>', 'most tokens', numberOf)
    .option('--deadline <duration>', 'most time, for instance PT10M')
    .option('--ask <point>', `ask people at ${approvalPoints.join(', ')}; repeat`, collected)
    .option('--ask-first <question>', 'ask people this before the first round; repeat', collected)
    .option('--ask-for <seconds>', 'time for each answer of people', numberOf)
    .option('--chair <agent>', 'who judges, groups and writes up')
    .option('--gate <gate>', 'debate only if it can pay: on, off, or thresholds as JSON')
    .option('--no-stop-on-stability', 'go on when nobody moves any more')
    .option('--idempotency-key <key>', 'makes the start safe to repeat')
    .option('--estimate', 'show plan and cost, start nothing')
    .option('--wait <seconds>', 'wait for the decision, 1 to 120 seconds', numberOf)
    .option('--follow', 'watch it to the end');
}

type ForkOptions = SharedOptions & ForkChoices;

function addForks(program: Command, surroundings: Surroundings): void {
  connected(
    program
      .command('fork <id>')
      .description('start a new collaboration from a moment of this one, paying only what is new'),
  )
    .option('--seq <n>', 'after this event; by default the last one before the verdict', numberOf)
    .option('--at <time>', 'at this time, RFC 3339', timeOf)
    .option('--rounds <n>', 'most rounds, those taken over included, 1 to 5', numberOf)
    .option('--tokens <n>', 'most tokens for what is new', numberOf)
    .option('--usd <usd>', 'most dollars for what is new', numberOf)
    .option('--deadline <duration>', 'most time from now on, for instance PT10M')
    .option('--stop-on-stability', 'end when nobody moves any more')
    .option('--no-stop-on-stability', 'go on when nobody moves any more')
    .option('--paused', 'wait until it is resumed: say something or add a participant first')
    .option('--idempotency-key <key>', 'makes the fork safe to repeat')
    .option('--follow', 'watch what is new to the end')
    .action(async (id: string, options: ForkOptions) => {
      await commands.fork(contextOf(options, surroundings), id, options);
    });
}

function addReading(program: Command, surroundings: Surroundings): void {
  connected(program.command('list').description('list collaborations, newest first'))
    .option('--status <status>', 'only those in this state')
    .option('--pattern <name>', 'only those of this pattern')
    .option('--origin <id>', 'only forks of this one')
    .option('--parent <id>', 'only the parts of this analysis; without it no parts are listed')
    .option('--limit <n>', 'how many')
    .option('--cursor <next>', 'go on after a page')
    .action(async (options: SharedOptions & Readonly<Record<string, string | undefined>>) => {
      const { status, pattern, origin, parent, limit, cursor } = options;
      const context = contextOf(options, surroundings);
      await commands.list(context, { status, pattern, origin, parent, limit, cursor });
    });
  reading(program, surroundings, 'show', 'show a collaboration in full', async (context, id) => {
    await commands.show(context, commands.pathOf(id));
  });
  reading(program, surroundings, 'decision', 'show the decision', commands.decision);
  connected(program.command('follow <id>').description('watch a collaboration to its end'))
    .option('--after <seq>', 'number of the last event that is known', numberOf, 0)
    .action(async (id: string, options: SharedOptions & { readonly after: number }) => {
      await commands.followRun(contextOf(options, surroundings), id, options.after);
    });
  const lists = [
    ['agents', 'list agents', ['name', 'provider', 'model', 'personas', 'simulated']],
    ['providers', 'show the state of the providers', ['provider', 'status', 'breaker', 'agents']],
  ] as const;
  for (const [name, description, fields] of lists) {
    connected(program.command(name).description(description)).action(
      async (options: SharedOptions) => {
        await commands.showList(contextOf(options, surroundings), `/v1/${name}`, fields);
      },
    );
  }
}

function reading(
  program: Command,
  surroundings: Surroundings,
  name: string,
  description: string,
  read: (context: CommandContext, id: string) => Promise<void>,
): void {
  connected(program.command(`${name} <id>`).description(description)).action(
    async (id: string, options: SharedOptions) => {
      await read(contextOf(options, surroundings), id);
    },
  );
}

interface DocumentOptions extends SharedOptions {
  readonly output?: string;
}

function addDocuments(program: Command, surroundings: Surroundings): void {
  const documents = [
    ['record', 'get the sealed record', 'application/json'],
    ['transcript', 'get the transcript', 'text/markdown'],
  ] as const;
  for (const [name, description, accept] of documents) {
    connected(program.command(`${name} <id>`).description(description))
      .option('-o, --output <file>', 'where to save it')
      .action(async (id: string, options: DocumentOptions) => {
        const wanted = options.json === true ? 'application/json' : accept;
        await commands.fetchDocument(contextOf(options, surroundings), {
          path: commands.pathOf(id, name),
          accept: wanted,
          ...(options.output === undefined ? {} : { output: options.output }),
        });
      });
  }
  connected(program.command('keys').description('get the public keys that records are signed with'))
    .option('-o, --output <file>', 'where to save them')
    .action(async (options: DocumentOptions) => {
      await commands.fetchDocument(contextOf(options, surroundings), {
        path: '/v1/signing-keys',
        accept: 'application/json',
        ...(options.output === undefined ? {} : { output: options.output }),
      });
    });
  connected(program.command('events <id>').description('get all events so far'))
    .option('-o, --output <file>', 'where to save them, one a line')
    .action(async (id: string, options: DocumentOptions) => {
      await commands.events(contextOf(options, surroundings), id, options);
    });
}

function addSteering(program: Command, surroundings: Surroundings): void {
  const steps = [
    ['pause', 'start no new call until it is resumed'],
    ['resume', 'go on after a pause'],
  ] as const;
  for (const [name, description] of steps) {
    reading(program, surroundings, name, description, async (context, id) => {
      await commands.steer(context, { id, name, body: {} });
    });
  }
  connected(program.command('cancel <id>').description('end it now; what it has is kept'))
    .option('--reason <text>', 'why')
    .action(async (id: string, options: SharedOptions & { readonly reason?: string }) => {
      const { reason } = options;
      const body = reason === undefined ? {} : { reason };
      await commands.steer(contextOf(options, surroundings), { id, name: 'cancel', body });
    });
  connected(program.command('close <id>').description('end the open round with what it has'))
    .option('--run', 'end the whole run with what it has')
    .action(async (id: string, options: SharedOptions & { readonly run?: boolean }) => {
      const body = { scope: options.run === true ? 'run' : 'round' };
      await commands.steer(contextOf(options, surroundings), { id, name: 'close', body });
    });
  connected(
    program.command('message <id> <text>').description('say something to the participants'),
  ).action(async (id: string, text: string, options: SharedOptions) => {
    const step = { id, name: 'messages', body: { text } };
    await commands.steer(contextOf(options, surroundings), step);
  });
  addWidening(program, surroundings);
}

interface LimitOptions extends SharedOptions {
  readonly usd?: number;
  readonly tokens?: number;
}

function addWidening(program: Command, surroundings: Surroundings): void {
  connected(
    program.command('participant <id> <agent>').description('add one, as agent[:persona[:weight]]'),
  ).action(async (id: string, agent: string, options: SharedOptions) => {
    const asked = participantOf(agent);
    const body = typeof asked === 'string' ? { agent: asked } : asked;
    await commands.steer(contextOf(options, surroundings), { id, name: 'participants', body });
  });
  connected(program.command('budget <id>').description('set new limits; one left out stays'))
    .option('--usd <usd>', 'most dollars', numberOf)
    .option('--tokens <n>', 'most tokens', numberOf)
    .action(async (id: string, options: LimitOptions) => {
      const { usd, tokens } = options;
      const body = { usd, tokens };
      await commands.steer(contextOf(options, surroundings), { id, name: 'budget', body });
    });
}

function addTruth(program: Command, surroundings: Surroundings): void {
  connected(
    program.command('resolve <id> <answer>').description('say what turned out to be true, once'),
  )
    .option('--note <text>', 'how it is known')
    .action(
      async (id: string, answer: string, options: SharedOptions & { readonly note?: string }) => {
        const { note } = options;
        const said = { id, answer, ...(note === undefined ? {} : { note }) };
        await commands.resolve(contextOf(options, surroundings), said);
      },
    );
  connected(
    program
      .command('calibration <agent>')
      .description("show how good an agent's confidences were, from the resolved collaborations"),
  )
    .option('--plot <file>', 'save the reliability plot (SVG) instead')
    .action(async (agent: string, options: SharedOptions & { readonly plot?: string }) => {
      await commands.calibration(contextOf(options, surroundings), agent, options);
    });
}

/** Adds what every command that speaks to the API understands. */
function connected(command: Command): Command {
  return command
    .option('--url <url>', 'address of the API (CONCLAVE_URL; http://127.0.0.1:7400)')
    .option('--key <key>', 'API key (CONCLAVE_API_KEY, or <data>/api-key)')
    .option('--data <folder>', 'data folder of a stack on this machine (CONCLAVE_DATA; .conclave)')
    .option('--json', 'answer as JSON');
}

function contextOf(options: SharedOptions, surroundings: Surroundings): CommandContext {
  const { env, printer, signal } = surroundings;
  const client = createApiClient(findConnection(options, env), signal);
  return { client, printer, json: options.json === true, signal };
}

function patternOf(text: string): Pattern {
  const pattern = patterns.find((known) => known === text);
  if (pattern !== undefined) return pattern;
  throw new InvalidArgumentError(`expected one of ${patterns.join(', ')}`);
}
