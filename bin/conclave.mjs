#!/usr/bin/env node
// The first file that runs, on whatever Node the machine has, before any dependency is there:
// it makes sure that the dependencies are installed and hands over to Node 24. No imports from npm.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const NODE_MIN = 20;
const NODE_WANTED = 24;
const EXIT_USAGE = 2;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');

const PROGRAMS = {
  start: 'infra/stack/main.ts',
  api: 'api/main.ts',
  worker: 'workers/main.ts',
  doctor: 'infra/stack/doctor-main.ts',
  tenants: 'infra/tenants/main.ts',
  cli: 'clients/cli/main.ts',
  bench: 'bench/main.ts',
  evaluate: 'bench/evaluation/main.ts',
  'test:agents': 'test/agents/main.ts',
};

const JEST_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

const GATES = [
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['types', 'typescript', ['--noEmit', '-p', '.'], 'tsc'],
  ['lint', 'eslint', ['--max-warnings', '0', '.']],
  ['borders', 'dependency-cruiser', [], 'depcruise'],
  ['dead code', 'knip', ['--no-progress']],
];

const ROOMS = ['domain', 'workflows', 'activities', 'workers', 'api', 'clients', 'infra', 'bench'];

/** Ends this process with one message. */
function fail(message, code = 1) {
  process.stderr.write(`conclave: ${message}\n`);
  process.exit(code);
}

/** Runs a program with this terminal until it ends; answers its exit code. */
function run(command, args, { env = {}, cwd, capture = false, shell = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: cwd ?? (capture ? root : process.cwd()), // relative paths in flags are the user's
      env: { ...process.env, ...env },
      stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      shell,
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    // Ctrl-C reaches the child by itself when both share a terminal; a signal to this process alone
    // does not. So each is forwarded, once.
    const forwarded = new Set();
    const forward = (signal) => {
      if (forwarded.has(signal)) return;
      forwarded.add(signal);
      child.kill(signal);
    };
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    // npm runs us in a shell, and a signal sent to npm ends that shell without reaching us.
    const parent = process.ppid;
    const watch = globalThis.setInterval(() => {
      if (process.ppid !== parent) forward('SIGTERM');
    }, 250);
    watch.unref();
    child.on('error', (error) => {
      resolve({ code: 127, output: `${command}: ${error.message}\n` });
    });
    child.on('close', (code, signal) => {
      globalThis.clearInterval(watch);
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), output });
    });
  });
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MIN) return;
  fail(
    `this is Node ${process.versions.node}, and Conclave needs ${NODE_MIN} or newer. ` +
      'Install one from https://nodejs.org and try again.',
  );
}

/** Compares what npm says it installed with the lock file; dates lie after a checkout, this does not. */
function isInstalled() {
  const record = join(modules, '.package-lock.json'); // npm writes it last, so it also means "whole"
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    const present = installed[path];
    if (path === '' || (!present && entry.optional)) return true; // optional: another platform's
    return present?.version === entry.version && present?.integrity === entry.integrity;
  });
}

async function install() {
  if (isInstalled()) return;
  const why = existsSync(modules) ? 'package-lock.json has changed' : 'the first time here';
  process.stderr.write(`conclave: installing dependencies (${why}; about a minute) …\n`);
  let { code, output } = await withClock(npm('ci'));
  if (code !== 0 && output.includes('EUSAGE')) {
    // A lock file that was written where the registry lacks some platforms' optional packages names
    // too few of them for "npm ci". What it names stays pinned this way, too.
    ({ code, output } = await withClock(npm('install', '--no-save')));
  }
  if (code !== 0) {
    process.stderr.write(output);
    fail(`npm could not install them; mend what it says above and run the command again.`);
  }
}

/** The module needs what was just installed. */
async function patch() {
  const { patchDependencies } = await import('./patch-dependencies.mjs');
  try {
    patchDependencies();
  } catch (error) {
    fail(`${error.message}, or run: npm ci`);
  }
}

function npm(...args) {
  const windows = process.platform === 'win32';
  return run(
    windows ? 'npm.cmd' : 'npm',
    [...args, '--no-fund', '--no-audit', '--loglevel=error'],
    { cwd: root, capture: true, shell: windows },
  );
}

/** Shows that a long step is still going on, and how long it took. */
async function withClock(step) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const timer = globalThis.setInterval(() => {
    process.stderr.write(`conclave: … still installing (${seconds()} s)\n`);
  }, 10_000);
  const result = await step;
  globalThis.clearInterval(timer);
  if (result.code === 0) process.stderr.write(`conclave: dependencies ready (${seconds()} s)\n`);
  return result;
}

/** Finds Node 24: the one running this, or the one that npm brought. */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_WANTED) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const brought = join(modules, 'node', 'bin', name);
  if (existsSync(brought)) return brought;
  return fail(
    `Node ${NODE_WANTED} is missing: npm did not run the install script of the package "node" that ` +
      `brings it (this Node is ${process.versions.node}).\n` +
      '  Mend it with:  npm install-scripts approve node && npm rebuild node --foreground-scripts\n' +
      `  or install Node ${NODE_WANTED} yourself: https://nodejs.org`,
  );
}

/** Finds the file behind a package's command. */
function binaryOf(packageName, command = packageName) {
  const manifest = JSON.parse(readFileSync(join(modules, packageName, 'package.json'), 'utf8'));
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[command];
  return join(modules, packageName, bin);
}

/** Runs every gate, in order, also after one that failed; shows what failing ones said. */
async function check(node) {
  const failed = [];
  for (const [title, packageName, args, command] of GATES) {
    const rooms =
      title === 'borders' ? [...ROOMS, 'test'].filter((r) => existsSync(join(root, r))) : [];
    const startedAt = Date.now();
    const { code, output } = await run(node, [binaryOf(packageName, command), ...args, ...rooms], {
      capture: true,
    });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    if (code !== 0) process.stdout.write(`${output.trimEnd()}\n`);
    process.stdout.write(`${title} ${code === 0 ? 'ok' : 'FAILED'} ${seconds} s\n`);
    if (code !== 0) failed.push(title);
  }
  if (failed.length > 0) process.stdout.write(`check failed: ${failed.join(', ')}\n`);
  return failed.length === 0 ? 0 : 1;
}

async function test(node, args) {
  const given = process.env.NODE_OPTIONS ?? '';
  const env = { NODE_OPTIONS: `${given} ${JEST_OPTIONS}`.trim() };
  // Some of the tests cannot reach every branch; all of them must.
  const chosen = args.length === 0 ? ['--coverage'] : args;
  const { code } = await run(node, [binaryOf('jest'), ...chosen], { env, cwd: root });
  return code;
}

async function main() {
  checkNode();
  const [command = '', ...args] = process.argv.slice(2);
  const known = [...Object.keys(PROGRAMS), 'test', 'check'];
  if (!known.includes(command)) {
    fail(`unknown command "${command}"; expected one of: ${known.join(', ')}`, EXIT_USAGE);
  }
  await install();
  await patch();
  const node = findNode();
  if (command === 'check') return check(node);
  if (command === 'test') return test(node, args);
  const program = join(root, PROGRAMS[command]);
  if (!existsSync(program)) fail(`${relative(root, program)} is missing from this copy`);
  const { code, output } = await run(node, [program, ...args]);
  if (code === 127) process.stderr.write(output);
  return code;
}

process.exitCode = await main();
