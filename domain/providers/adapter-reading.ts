import { commandProvider } from '../commands/command-settings.ts';
import { shown, type Fault } from '../planning/fault.ts';
import { adapterContract, type Adapter } from './adapter.ts';
import { isProviderName, type Capabilities, type ModelReply } from './model-connector.ts';
import { unknownUsage, type Usage } from './usage.ts';

/** An adapter, or everything that is wrong with what was taken for one. */
export type AdapterReading =
  | { readonly ok: true; readonly adapter: Adapter }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** A reply, or the first thing that is wrong with it. */
export type AdapterReplyReading =
  { readonly ok: true; readonly reply: ModelReply } | { readonly ok: false; readonly fault: Fault };

/** Longest reply that is taken, characters; far beyond what any `maxOutputTokens` gives. */
export const replyCharactersMax = 4_000_000;

const modelCharactersMax = 200;

const capabilityNames = [
  'streaming',
  'structuredOutput',
  'vision',
  'systemPrompt',
  'promptCaching',
] as const satisfies readonly (keyof Capabilities)[];

const finishReasons = ['stop', 'length', 'refusal', 'other'] as const;

const countNames = ['inputTokens', 'cachedTokens', 'outputTokens'] as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what a module exports. What the adapter says of itself is copied, so that it cannot change later.
 *
 * @param exports - the module's namespace
 */
export function readAdapter(exports: Fields): AdapterReading {
  const found = exports['adapter'];
  if (!isObject(found)) {
    const names = Object.keys(exports);
    const others = names.length === 0 ? 'no export at all' : `exports named ${names.join(', ')}`;
    const got = found === undefined ? others : told(found);
    return refused([fault('adapter', got, 'an export of this name, an object')]);
  }
  const { contract, name, version, baseUrl, capabilities, ask } = found;
  if (contract !== adapterContract) {
    // The rest of another version may look otherwise and be right.
    return refused([fault('contract', told(contract), String(adapterContract))]);
  }
  const faults = [
    ...faultsOfName(name),
    ...faultsOfText(version, 'version', {
      pattern: /^[\w.+-]{1,40}$/,
      expected: '1 to 40 letters, digits, dots, plus and hyphens',
    }),
    ...faultsOfBaseUrl(baseUrl),
    ...faultsOfCapabilities(capabilities),
    ...(typeof ask === 'function' ? [] : [fault('ask', told(ask), 'a function')]),
  ];
  if (faults.length > 0) return refused(faults);
  const adapter = found as unknown as Adapter;
  return {
    ok: true,
    adapter: {
      contract,
      name: name as string,
      version: version as string,
      baseUrl: baseUrl as string | null,
      capabilities: { ...(capabilities as Capabilities) },
      ask: (request, call) => adapter.ask(request, call),
    },
  };
}

/**
 * Reads what an adapter's `ask` resolved with; each field once, for it may be anything.
 *
 * @param value - what came
 * @param model - the model as it was asked for
 */
export function readAdapterReply(value: unknown, model: string): AdapterReplyReading {
  if (!isObject(value)) return unusable('reply', value, 'an object');
  const { text, finish, usage, model: named = model } = value;
  if (typeof text !== 'string') return unusable('text', text, 'a text');
  if (text.length > replyCharactersMax) {
    const expected = `at most ${replyCharactersMax} characters`;
    return { ok: false, fault: fault('text', `${text.length} characters`, expected) };
  }
  const reason = finishReasons.find((known) => known === finish);
  if (reason === undefined) return unusable('finish', finish, `one of ${finishReasons.join(', ')}`);
  if (!isModelName(named)) {
    const expected = `a text of 1 to ${modelCharactersMax} characters, without control characters`;
    return unusable('model', named, expected);
  }
  const used = readUsage(usage);
  if (!used.ok) return used;
  return { ok: true, reply: { text, finish: reason, usage: used.usage, model: named } };
}

function readUsage(
  usage: unknown,
): { readonly ok: true; readonly usage: Usage } | Extract<AdapterReplyReading, { ok: false }> {
  if (usage === null) return { ok: true, usage: unknownUsage };
  if (!isObject(usage)) return unusable('usage', usage, 'an object or null');
  const counts = {
    inputTokens: usage['inputTokens'] ?? null,
    cachedTokens: usage['cachedTokens'] ?? null,
    outputTokens: usage['outputTokens'] ?? null,
  };
  const wrong = countNames.find((name) => counts[name] !== null && !isCount(counts[name]));
  if (wrong === undefined) return { ok: true, usage: counts as Usage };
  const expected = 'a whole number from 0, or null where it is unknown';
  return unusable(`usage.${wrong}`, counts[wrong], expected);
}

function faultsOfName(name: unknown): Fault[] {
  const faults = faultsOfText(name, 'name', {
    pattern: /^[a-z][a-z0-9-]{1,39}$/,
    expected: '2 to 40 of a-z, 0-9 and hyphens, beginning with a letter',
  });
  const isTaken = isProviderName(name as string) || name === commandProvider;
  if (faults.length > 0 || !isTaken) return faults;
  return [fault('name', told(name), 'a name that no provider has')];
}

function faultsOfText(
  value: unknown,
  field: string,
  { pattern, expected }: { readonly pattern: RegExp; readonly expected: string },
): Fault[] {
  return typeof value === 'string' && pattern.test(value)
    ? []
    : [fault(field, told(value), expected)];
}

function faultsOfBaseUrl(value: unknown): Fault[] {
  const expected = 'an http or https URL without credentials, query and fragment, or null';
  return value === null || (typeof value === 'string' && isPlainUrl(value))
    ? []
    : [fault('baseUrl', told(value), expected)];
}

function isPlainUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

function faultsOfCapabilities(value: unknown): Fault[] {
  const expected = `an object with ${capabilityNames.join(', ')}`;
  if (!isObject(value)) return [fault('capabilities', told(value), expected)];
  const unknown = Object.keys(value).filter((name) => !capabilityNames.includes(name as never));
  return [
    ...capabilityNames
      .filter((name) => typeof value[name] !== 'boolean')
      .map((name) => fault(`capabilities.${name}`, told(value[name]), 'true or false')),
    ...unknown.map((name) => fault(`capabilities.${name}`, told(value[name]), 'no such field')),
  ];
}

function isModelName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= modelCharactersMax &&
    !/[\p{Control}\p{Surrogate}]/u.test(value)
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function unusable(
  field: string,
  value: unknown,
  expected: string,
): Extract<AdapterReplyReading, { ok: false }> {
  return { ok: false, fault: fault(field, kindOf(value), expected) };
}

function refused(faults: readonly Fault[]): AdapterReading {
  return { ok: false, faults };
}

function fault(field: string, got: string, expected: string): Fault {
  return { field, got, expected };
}

/** A value of an adapter's own, in words. */
function told(value: unknown): string {
  const hasJson = !['function', 'symbol', 'bigint'].includes(typeof value);
  return hasJson ? shown(value) : `a ${typeof value}`;
}

/** A value of a reply by its kind: it may hold words of the prompt. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (value === null) return 'null';
  return value === undefined ? 'nothing' : `a value of type ${typeof value}`;
}
