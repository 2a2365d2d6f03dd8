import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { canonicalJson } from '../../../domain/ledger/canonical.ts';
import { listening, sealedSample } from './sealed-sample.ts';

const main = join(import.meta.dirname, '..', '..', '..', 'clients', 'cli', 'main.ts');
const sample = sealedSample();
const processWithinMs = 30_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-verify-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function recordFile(): Promise<string> {
  return await file('record.json', canonicalJson(sample.record));
}

async function eventsFile(): Promise<string> {
  return await file('events.json', JSON.stringify(sample.events));
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs the command line as a user would, in a process without any of our settings. */
async function inProcess(args: readonly string[]): Promise<Ended> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: {} }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** Runs the command line here, which is quicker. */
async function here(args: readonly string[]): Promise<Ended> {
  const { surroundings, printed, noted } = listening();
  const code = await runCommandLine(args, surroundings);
  return { code, output: [...printed, ...noted].join('\n') };
}

describe('verify, as a process', () => {
  test(
    'says that a whole record holds',
    async () => {
      const args = ['verify', await recordFile(), '--events', await eventsFile()];
      const { code, output } = await inProcess(args);

      expect(output).toContain('The record holds, and its events bear it out.');
      expect(output).toContain('not pinned');
      expect(code).toBe(0);
    },
    processWithinMs,
  );

  test(
    'names what was changed and ends with 1',
    async () => {
      const decision = { ...sample.record.decision, answer: 'MySQL' };
      const changed = await file('changed.json', JSON.stringify({ ...sample.record, decision }));
      const { code, output } = await inProcess(['verify', changed, '--events', await eventsFile()]);

      expect(output).toContain('FAILED  signature: ');
      expect(output).toContain('decision.answer is "MySQL", the events say "Postgres"');
      expect(code).toBe(1);
    },
    processWithinMs,
  );

  test(
    'ends with 2 when it is used wrongly',
    async () => {
      const { code, output } = await inProcess(['verify', join(folder, 'not-there.json')]);

      expect(output).toContain('not-there.json: cannot be read (ENOENT)');
      expect(code).toBe(2);
    },
    processWithinMs,
  );
});

describe('verify', () => {
  test('says when the events were not looked at', async () => {
    const { code, output } = await here(['verify', await recordFile()]);

    expect(output).toContain('The signature holds; the events were not looked at');
    expect(code).toBe(0);
  });

  test.each([
    ['an array', (events: readonly unknown[]) => JSON.stringify(events, undefined, 2)],
    ['a page', (events: readonly unknown[]) => JSON.stringify({ items: events, next: null })],
    [
      'several pages',
      (events: readonly unknown[]) =>
        JSON.stringify([{ items: events.slice(0, 5) }, { items: events.slice(5) }]),
    ],
    [
      'one page a line',
      (events: readonly unknown[]) =>
        [events.slice(0, 5), events.slice(5)]
          .map((part) => JSON.stringify({ items: part }))
          .join('\n'),
    ],
    [
      'one event a line',
      (events: readonly unknown[]) => events.map((event) => JSON.stringify(event)).join('\r\n'),
    ],
  ])('reads events from %s', async (_name, written) => {
    const events = await file('several.json', written(sample.events));
    const { code, output } = await here(['verify', await recordFile(), '--events', events]);

    expect(output).toContain('events: 13 events');
    expect(code).toBe(0);
  });

  test('reads a lone event', async () => {
    const events = await file('lone.json', JSON.stringify(sample.events[0]));
    const { code, output } = await here(['verify', await recordFile(), '--events', events]);

    expect(output).toContain('head.seq is 13, the events end at 1');
    expect(code).toBe(1);
  });

  test.each([
    ['PEM', sample.publicKeyPem],
    ['base64', `${sample.publicKey}\n`],
    [
      'the API publishes it, among others',
      JSON.stringify({
        keys: [{ pem: sealedSample().publicKeyPem }, { keyId: 'k', pem: sample.publicKeyPem }],
      }),
    ],
  ])('pins a key given as %s', async (_kind, content) => {
    const key = await file('key', content);
    const { code, output } = await here(['verify', await recordFile(), '--key', key]);

    expect(output).toContain('key: is the one that was pinned');
    expect(code).toBe(0);
  });

  test('fails with another key than the pinned one', async () => {
    const key = await file('other.pem', sealedSample().publicKeyPem);
    const { code, output } = await here(['verify', await recordFile(), '--key', key]);

    expect(output).toContain('FAILED  key: publicKey is not the key that was pinned');
    expect(output).toContain('with --events FILE it can be said where');
    expect(code).toBe(1);
  });

  test('answers programs with its findings', async () => {
    const { output } = await here(['verify', await recordFile(), '--json']);
    const answer = JSON.parse(output) as { ok: boolean; findings: { check: string }[] };

    expect(answer.ok).toBe(true);
    expect(answer.findings.map(({ check }) => check)).toEqual([
      'shape',
      'signature',
      'key id',
      'key',
    ]);
  });

  test('names an event and its field when one character of it differs', async () => {
    const text = JSON.stringify(sample.events).replace('"confidence":0.6', '"confidence":0.5');
    const events = await file('tampered.json', text);
    const { code, output } = await here(['verify', await recordFile(), '--events', events]);

    expect(output).toContain('event 4 was changed: data.confidence is 0.5, was 0.6');
    expect(code).toBe(1);
  });

  test.each([
    ['no file', ['verify'], 'missing required argument'],
    ['an unknown option', ['verify', 'x', '--fast'], "unknown option '--fast'"],
    ['an unknown command', ['prove'], "unknown command 'prove'"],
    ['a file of events that is not there', ['verify', main, '--events', '/none'], '/none: cannot'],
  ])('ends with 2 for %s', async (_name, args, message) => {
    const given = args.map((arg) => (arg === main ? join(folder, 'record.json') : arg));
    await recordFile();
    const { code, output } = await here(given);

    expect(output).toContain(message);
    expect(code).toBe(2);
  });

  test.each(['hello', '{"keys":[]}', '{}'])('ends with 2 for a key that is %s', async (text) => {
    const key = await file('no-key', text);
    const { code, output } = await here(['verify', await recordFile(), '--key', key]);

    expect(output).toContain('expected an Ed25519 public key');
    expect(code).toBe(2);
  });

  test('ends with 1 for events that are none', async () => {
    const events = await file('number.json', '7');
    const { code, output } = await here(['verify', await recordFile(), '--events', events]);

    expect(output).toContain('expected events as a JSON array');
    expect(code).toBe(1);
  });

  test('fails for a record of which any single byte differs', async () => {
    const bytes = new TextEncoder().encode(canonicalJson(sample.record));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 32, max: 126 }),
        async (at, byte) => {
          fc.pre(bytes[at] !== byte);
          const path = await file('byte.json', bytes.with(at, byte));
          const { code, output } = await here(['verify', path]);

          expect({ code, said: output.length > 0 }).toEqual({ code: 1, said: true });
        },
      ),
    );
  });
});

test('help is no fault', async () => {
  const { code, output } = await here(['--help']);

  expect(output).toContain('verify [options] <file>');
  expect(code).toBe(0);
});
