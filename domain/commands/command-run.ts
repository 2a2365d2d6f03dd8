import { schemaInstruction } from '../prompts/schema-instruction.ts';
import type { ModelRequest } from '../providers/model-connector.ts';
import { cleanText } from '../replies/clean-text.ts';
import { completeLimits } from '../sandbox/limits.ts';
import type { CommandRun, Grant } from '../sandbox/run.ts';
import { workFolder, type CommandSettings } from './command-settings.ts';
import { filled, placeholdersIn } from './template.ts';

/** What a program is asked, and with what. */
export interface CommandCall {
  readonly request: Pick<ModelRequest, 'system' | 'parts' | 'schema' | 'maxOutputTokens'>;
  readonly model: string;
  /** Where the proxy listens inside; an empty text where there is none. */
  readonly baseUrl: string;
  /** Values of the variables that are granted by name. */
  readonly granted: Readonly<Record<string, string>>;
  readonly seed: string;
}

/** A run without what our own launcher adds, or the reason why it cannot be. */
export type BuiltRun =
  | {
      readonly kind: 'built';
      readonly run: CommandRun;
      /** Files for the work folder, filled. */
      readonly files: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unfit'; readonly message: string };

/** Linux takes no longer argument, and no longer variable with its name: 32 pages, with the byte that ends it. */
const argumentBytesMax = 131_071;

/** Files come by one argument of our launcher, with where the way out is. */
const filesBytesMax = argumentBytesMax - 1000;

const encoder = new TextEncoder();

/** Variables of every program: they print for a terminal unless they are told that there is none. */
export const usualEnvironment = { HOME: workFolder, TERM: 'dumb', NO_COLOR: '1', CI: '1' };

/**
 * Builds the run in which a program is asked once.
 *
 * @param settings - how it is asked
 * @param call - what it is asked
 */
export function commandRun(settings: CommandSettings, call: CommandCall): BuiltRun {
  const { request, model, baseUrl } = call;
  const texts = request.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : []));
  if (texts.length < request.parts.length) return unfit('it takes no images');
  const { system, prompt } = promptOf(settings, request, texts);
  const maxOutputTokens = String(request.maxOutputTokens);
  const values = { model, baseUrl, workFolder, maxOutputTokens };
  const inArguments = { ...values, prompt, system };
  const argv = [settings.path, ...settings.arguments.map((each) => filled(each, inArguments))];
  const env = { ...usualEnvironment, ...environmentOf(settings, call, values) };
  const longest = Math.max(
    ...[...argv, ...Object.entries(env).map((pair) => pair.join('='))].map(bytesOf),
  );
  if (longest > argumentBytesMax) {
    return unfit(
      `an argument or variable of ${String(longest)} bytes; expected at most ${String(argumentBytesMax)}: without {prompt} among its arguments a program gets the prompt by standard input`,
    );
  }
  const named = Object.entries(settings.files).map(([path, text]) => [path, filled(text, values)]);
  const files = Object.fromEntries(named) as Record<string, string>;
  const filesBytes = bytesOf(JSON.stringify(files));
  if (filesBytes > filesBytesMax) {
    const most = String(filesBytesMax);
    return unfit(`files of ${String(filesBytes)} bytes together; expected at most ${most}`);
  }
  return {
    kind: 'built',
    files,
    run: {
      lane: 'command',
      argv,
      workFolder,
      limits: completeLimits(settings.limits),
      grants: settings.grants.map((grant): Grant => ({ ...grant })),
      env,
      stdin: isPromptPassedByArgument(settings) ? '' : prompt,
      seed: call.seed,
    },
  };
}

/** Whether the prompt is an argument; otherwise it is standard input, which is empty then. */
export function isPromptPassedByArgument({
  arguments: templates,
}: Pick<CommandSettings, 'arguments'>): boolean {
  return uses(templates, 'prompt');
}

function promptOf(
  { arguments: templates }: CommandSettings,
  { system, schema }: CommandCall['request'],
  texts: readonly string[],
): { readonly system: string; readonly prompt: string } {
  const isApart = uses(templates, 'system');
  const pieces = [
    ...(isApart || system === '' ? [] : [system]),
    ...texts,
    ...(schema === null ? [] : [schemaInstruction(schema)]),
  ];
  return { system: cleanText(system), prompt: cleanText(pieces.join('\n\n')) };
}

function environmentOf(
  { environment }: CommandSettings,
  { granted }: CommandCall,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => {
    if (typeof value === 'string') return [[name, filled(value, values)]];
    const text = granted[value.from];
    return text === undefined ? [] : [[name, text]];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function uses(templates: readonly string[], name: string): boolean {
  return templates.some((template) => placeholdersIn(template).includes(name));
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function unfit(message: string): BuiltRun {
  return { kind: 'unfit', message };
}
