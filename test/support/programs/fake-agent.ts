#!/usr/bin/env node
/**
 * A made-up agent program: its first argument says how it behaves, well or badly. `--version` tells a version.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { env, stderr, stdin, stdout } from 'node:process';
import { setTimeout as waiting } from 'node:timers/promises';

const LONG_MS = 60_000;
const FLOOD_BYTES = 50 * 1024 * 1024;

const [behaviour = '', ...rest] = process.argv.slice(2);

const behaviours: Readonly<Record<string, () => void | Promise<void>>> = {
  '--version': () => {
    stdout.write('fake-agent 1.2.3-test (made up)\n');
  },
  /** Prints what a real program printed. */
  print: () => {
    stdout.write(printed(rest[0] ?? ''));
  },
  /** Says what it was given, as JSON. */
  mirror: async () => {
    const files = rest.filter((name) => name.startsWith('file:')).map((name) => name.slice(5));
    const contents = Object.fromEntries(files.map((name) => [name, readFileSync(name, 'utf8')]));
    const prompt = await wholeInput();
    stdout.write(`${JSON.stringify({ answer: { arguments: rest, prompt, env, contents } })}\n`);
  },
  chatty: () => {
    stderr.write('Error: something is odd, but it goes on\n'.repeat(5000));
    stdout.write(printed('claude-answer'));
  },
  warnings: () => {
    stdout.write(`(node:1) Warning: old\n[WARN] {careful}\n${printed('codex-answer')}`);
  },
  half: () => {
    stdout.write(printed('claude-answer').slice(0, 200));
  },
  /** Says that it failed, and ends with 1. */
  error: () => {
    stdout.write(printed('claude-error'));
    process.exitCode = 1;
  },
  exit: () => {
    stderr.write('fatal: prompt and key are none of your business\n');
    process.exitCode = Number(rest[0]);
  },
  crash: () => {
    process.kill(process.pid, 'SIGSEGV');
  },
  empty: () => undefined,
  flood: () => {
    const line = `${'x'.repeat(64 * 1024 - 1)}\n`;
    for (let bytes = 0; bytes < FLOOD_BYTES; bytes += line.length) stdout.write(line);
  },
  hang: async () => {
    stdout.write('{"type":"thread.started"}\n');
    await waiting(LONG_MS);
  },
  /** Takes no hint. */
  deaf: async () => {
    process.on('SIGTERM', () => undefined);
    await waiting(LONG_MS);
  },
  /** Asks, and gives up when nobody can answer. */
  ask: async () => {
    stdout.write('Do you trust the files in this folder? [y/N] ');
    if ((await wholeInput()).trim() !== 'y') process.exitCode = 1;
  },
  /** Asks, and waits without listening. */
  'ask-and-hang': async () => {
    stderr.write('Open https://example.com to log in. Press any key to continue...');
    await waiting(LONG_MS);
  },
  /** Tells everybody its key. */
  leak: () => {
    stderr.write(`using key ${env['OWN_KEY'] ?? ''}\n`);
    stdout.write(`my key is ${env['OWN_KEY'] ?? ''}\n`);
  },
  /** Asks for a tunnel to a host that is called as its key is. */
  'leak-by-host': async () => {
    const { hostname, port } = new URL(env['HTTP_PROXY'] ?? '');
    const status = await new Promise((resolve, reject) => {
      const asked = request({
        hostname,
        port,
        method: 'CONNECT',
        path: `${env['OWN_KEY'] ?? ''}:443`,
      });
      asked.on('connect', (answer, socket) => {
        socket.destroy();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
    stdout.write(`${String(status)}\n`);
  },
  /** Asks its provider as Claude Code does, and prints what that prints, with a cost of 2 micro-dollars a token. */
  'as-claude': async () => {
    stderr.write('a warning of no weight\n');
    const [model = ''] = rest;
    const content = await wholeInput();
    const messages = [{ role: 'user', content }];
    const { body } = await send(new URL(`${env['ANTHROPIC_BASE_URL'] ?? ''}/v1/messages`), {
      body: JSON.stringify({ model, max_tokens: 1000, messages }),
    });
    const said = JSON.parse(body) as Said;
    const { input_tokens: inputTokens, output_tokens: outputTokens } = said.usage;
    const cacheReadInputTokens = said.usage.cache_read_input_tokens;
    const tokens = inputTokens + cacheReadInputTokens + outputTokens;
    stdout.write(
      `${JSON.stringify({
        ...{ type: 'result', subtype: 'success', is_error: false, stop_reason: 'end_turn' },
        result: said.content.map(({ text }) => text).join(''),
        total_cost_usd: (tokens * 2) / 1_000_000,
        modelUsage: {
          [said.model]: {
            ...{ inputTokens, outputTokens, cacheReadInputTokens },
            cacheCreationInputTokens: 0,
          },
        },
      })}\n`,
    );
  },
  /** Asks its provider at `BASE_URL` and gives what that says. */
  'call-provider': async () => {
    const url = new URL(`${env['BASE_URL'] ?? ''}/v1/messages?beta=1`);
    stdout.write(`${await post(url, url.pathname + url.search)}\n`);
  },
  /** Tries to reach an address without any proxy, and says what it met. */
  'call-directly': async () => {
    const url = new URL(rest[0] ?? '');
    const met = await send(url, { body: '' }).then(
      ({ status }) => `reached: ${String(status)}`,
      (error: unknown) => `not reached: ${(error as NodeJS.ErrnoException).code ?? ''}`,
    );
    stdout.write(`${met}\n`);
  },
  /** Asks a host by the proxy that its environment names, as other programs do. */
  'call-by-proxy': async () => {
    stdout.write(`${await post(new URL(env['HTTP_PROXY'] ?? ''), rest[0] ?? '')}\n`);
  },
};

await (behaviours[behaviour] ?? unknown)();

function unknown(): void {
  stderr.write(`unknown behaviour ${behaviour}\n`);
  process.exitCode = 64;
}

function printed(name: string): string {
  return readFileSync(new URL(`outputs/${name}.txt`, import.meta.url), 'utf8');
}

async function wholeInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

interface Said {
  readonly model: string;
  readonly content: readonly { readonly text: string }[];
  readonly usage: {
    readonly input_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly output_tokens: number;
  };
}

/** Sends the prompt, and gives status and body of the answer. */
async function post(to: URL, path: string): Promise<string> {
  const { status, body } = await send(to, { path, body: await wholeInput() });
  return `${String(status)} ${body.trim()}`;
}

async function send(
  to: URL,
  { path = to.pathname, body }: { readonly path?: string; readonly body: string },
): Promise<{ readonly status: number; readonly body: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ hostname: to.hostname, port: to.port, path, method: 'POST', agent: false },
        headers: { 'x-api-key': env['OWN_KEY'] ?? 'none', authorization: 'Bearer placeholder' },
      },
      (came) => {
        const chunks: Buffer[] = [];
        came.on('data', (chunk: Buffer) => chunks.push(chunk));
        came.on('end', () => {
          resolve({
            status: came.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
