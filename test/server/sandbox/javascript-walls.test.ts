import { readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxResult } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import type { SandboxHost } from '../../../infra/sandbox/host.ts';
import { spawnContainedEngine } from '../../../infra/sandbox/javascript/contained-engine.ts';
import { layOutEngine } from '../../../infra/sandbox/javascript/engine-program.ts';
import { treeUsage } from '../../../infra/sandbox/process-tree.ts';
import { bwrapSandbox } from '../../../infra/sandbox/sandbox.ts';
import { snippet, unprotected } from '../../support/sandbox/snippets.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { setUpCanaries } from './canaries.ts';
import type { Canaries } from './canaries.ts';
import { stateFolder } from './own-sandbox.ts';
import { processesInside } from './slot-processes.ts';
import { sharedSandbox } from './shared-sandbox.ts';

const BUSY_MS = 500;
const endless = 'Array(2 ** 31).join("a")';

const own = sharedSandbox();

const run = (
  code: string,
  limits: Partial<SandboxLimits> = {},
  signal?: AbortSignal,
): Promise<SandboxResult> =>
  own.sandbox.run(snippet(code, { limits: { timeMs: 20_000, ...limits } }), signal);

/** The process of the engine that snippets run in. */
function enginePid(): number {
  const [engine] = processesInside(own.folder, '/node');
  if (engine === undefined) throw new Error('no engine of JavaScript runs');
  return engine;
}

/** Waits until the engine has computed for longer than it does for anything but an endless snippet. */
async function untilBusy(): Promise<void> {
  const pid = enginePid();
  const before = (await treeUsage(pid)).processorMs;
  await untilSeen(
    async () => (await treeUsage(pid)).processorMs - before,
    (usedMs) => usedMs >= BUSY_MS,
  );
}

describe('a locked-in engine', () => {
  test('gives what a snippet comes to, and names what proved itself', async () => {
    expect(await run('const n: number = 20; console.log("so"); n * 2')).toMatchObject({
      status: 'ok',
      value: '40',
      stdout: 'so\n',
      backend: own.sandbox.backend,
    });
  });

  test('gives the same for the same snippet, seed and fuel', async () => {
    const code =
      'let s = ""; for (let n = 0; ; n++) if (n % 999 === 0) console.log(n, Math.random())';

    const [one, two] = await Promise.all([run(code, { fuel: 50 }), run(code, { fuel: 50 })]);

    expect(one).toMatchObject({ status: 'fuel', fuelUsed: 50 });
    expect({ ...two, durationMs: 0 }).toEqual({ ...one, durationMs: 0 });
  });

  test('runs fifty at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => run(`${String(index)} * 2`)),
    );

    expect(results.map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 50 }, (_, index) => index * 2),
    );
  });

  test('ends a cancelled run long before its time', async () => {
    await run('1');
    const canceller = new AbortController();
    const running = run(endless, { timeMs: 600_000 }, canceller.signal);
    await untilBusy();
    canceller.abort();

    expect(await running).toMatchObject({ status: 'killed' });
  });

  test('that is killed ends its runs, and another takes the next', async () => {
    await run('1');
    const running = run(endless, { timeMs: 600_000 });
    await untilBusy();
    process.kill(enginePid(), 'SIGKILL');

    expect(await running).toMatchObject({
      status: 'killed',
      reason: expect.stringMatching(/^the engine ended: /) as unknown,
    });
    expect(await run('2')).toMatchObject({ status: 'ok', value: '2' });
  });

  test('is seen from outside to have no way out', async () => {
    await run('1');
    const engine = enginePid();
    const status = readFileSync(`/proc/${String(engine)}/status`, 'utf8');
    const namespace = (pid: string, kind: string): string =>
      readlinkSync(`/proc/${pid}/ns/${kind}`);

    expect(status).toMatch(/^Seccomp:\s*2$/m);
    expect(status).toMatch(/^CapEff:\s*0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    const user = process.getuid?.() === 0 ? '2\\d{5}' : String(process.getuid?.());
    expect(status).toMatch(new RegExp(`^Uid:\\s*${user}\\s`, 'm'));
    for (const kind of ['net', 'pid', 'mnt', 'ipc', 'user', 'uts']) {
      expect(namespace(String(engine), kind)).not.toBe(namespace('self', kind));
    }
    expect(readFileSync(`/proc/${String(engine)}/environ`, 'utf8')).not.toMatch(/CONCLAVE|NODE_/);
    const seen = readdirSync(`/proc/${String(engine)}/root`).filter(
      (name) => !/^(s?bin|lib.*)$/.test(name),
    );
    expect(seen.sort()).toEqual(['dev', 'engine', 'etc', 'node', 'proc', 'tmp', 'usr']);
  });
});

describe('a program in the place of the engine', () => {
  let folder: string;
  let host: SandboxHost;
  let canaries: Canaries;

  beforeAll(async () => {
    folder = stateFolder();
    host = setUpHost({ folder }, unprotected);
    canaries = await setUpCanaries(`secret-${String(process.pid)}-of-the-host`);
  });

  afterAll(async () => {
    await bwrapSandbox(host).close();
    rmSync(folder, { recursive: true, force: true });
    await canaries.remove();
  });

  /** What a program of Node says that runs where an engine would. */
  async function told(lines: readonly string[]): Promise<string> {
    const program = [
      "import fs from 'node:fs'; import net from 'node:net';",
      'const say = (...words) => process.stdout.write(words.join(" ") + "\\n");',
      'const attempt = async (what, act) => { try { say(what, await act()); } catch (error) { say(what, "not", error.code ?? error.message); } };',
      'const heard = (at) => new Promise((resolve, reject) => net.connect(at).on("data", (b) => resolve(String(b))).on("error", reject));',
      ...lines,
      'process.exit(0);',
    ].join('\n');
    const engine = await spawnContainedEngine(host, await layOutEngine(host), 1, [
      ...['/node', '--input-type=module', '--eval', program],
    ]);
    let text = '';
    engine.output.on('data', (bytes: Buffer) => (text += bytes.toString('utf8')));
    const how = await engine.ended;
    return `${text}${how}`;
  }

  test('finds no canary', async () => {
    const seen = await told([
      `await attempt('file', () => fs.readFileSync('${canaries.secretFile}', 'utf8'));`,
      `await attempt('port', () => heard({ port: ${String(canaries.port)} }));`,
      `await attempt('abstract', () => heard({ path: '\\0${canaries.abstractName}' }));`,
      `await attempt('victim', () => process.kill(${String(canaries.victimPid)}, 0));`,
      "await attempt('environment', () => JSON.stringify(process.env));",
      "for (const pid of fs.readdirSync('/proc').filter(Number)) {",
      "  await attempt('process', () => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').slice(0, 50));",
      "  await attempt('its environment', () => fs.readFileSync('/proc/' + pid + '/environ', 'utf8'));",
      "  await attempt('its memory', () => fs.openSync('/proc/' + pid + '/mem', 'r') > 0 ? 'open' : '');",
      '}',
    ]);

    expect(seen).toContain('file not ENOENT');
    expect(seen).toContain('port not ECONNREFUSED');
    expect(seen).toMatch(/abstract not E/);
    expect(seen).toContain('victim not ESRCH');
    expect(seen).not.toContain(canaries.secret);
    expect(seen).not.toContain(canaries.victimWord);
    expect(seen).toMatch(/exit code 0$/);
  });

  test('writes nowhere', async () => {
    const seen = await told([
      "for (const place of ['/', '/engine/', '/engine/program/', '/usr/', '/etc/', '/dev/', '/proc/']) {",
      "  await attempt(place, () => fs.writeFileSync(place + 'written', 'x') ?? 'written');",
      '}',
      "await attempt('node', () => fs.appendFileSync('/node', 'x') ?? 'written');",
      "await attempt('much', () => fs.writeFileSync('/tmp/a', Buffer.alloc(1e6)) ?? 'written');",
    ]);

    expect(seen).not.toContain('written');
    expect(seen).toMatch(/much not (EFBIG|ENOSPC)|exit code 153$/);
  });

  test('starts no more processes than an engine needs', async () => {
    const seen = await told([
      "import { spawn } from 'node:child_process';",
      "await attempt('processes', async () => {",
      "  const children = Array.from({ length: 60 }, () => spawn('/bin/sleep', ['60']));",
      "  const failed = await Promise.all(children.map((child) => new Promise((resolve) => { child.on('spawn', () => resolve(0)); child.on('error', () => resolve(1)); })));",
      '  return failed.reduce((sum, one) => sum + one, 0) > 10 ? "bounded" : "unbounded";',
      '});',
    ]);

    expect(seen).toContain('processes bounded');
  });
});
