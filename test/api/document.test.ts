import { expect, test } from '@jest/globals';

import { problemKinds } from '../../api/problem-codes.ts';
import { createHouse } from './fake-house.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: object[];
  readonly requestBody?: { required: boolean };
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function readDocument(): Promise<{ document: Document; routes: string[] }> {
  const house = createHouse();
  const response = await house.request('/openapi.json', { key: null });
  const routes = house.app.api.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  return { document: (await response.json()) as Document, routes: [...new Set(routes)] };
}

function operationsOf(document: Document): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

/** Files of the documentation page. */
const assets = ['GET /docs/start.js', 'GET /docs/{file}'];

test('the document names every route of the application and no other', async () => {
  const { document, routes } = await readDocument();

  const documented = operationsOf(document).map(([name]) => name);

  expect(document.openapi).toBe('3.1.0');
  expect([...documented, ...assets].sort()).toEqual(routes.sort());
});

test('operations have names of their own', async () => {
  const { document } = await readDocument();

  const names = operationsOf(document).map(([, { operationId }]) => operationId);

  expect(new Set(names).size).toBe(names.length);
});

test('operations stand under their resource', async () => {
  const { document } = await readDocument();

  const tags = operationsOf(document).map(([name, operation]) => [name, operation.tags]);

  expect(Object.fromEntries(tags)).toMatchObject({
    'POST /v1/collaborations/{id}/pause': ['collaborations'],
    'DELETE /v1/agents/{name}': ['agents'],
    'GET /v1/signing-keys': ['signing-keys'],
    'GET /healthz': ['service'],
  });
});

test('every body is required or has no required field', async () => {
  const { document } = await readDocument();

  const optional = operationsOf(document)
    .filter(([, { requestBody }]) => requestBody?.required === false)
    .map(([name]) => name);

  expect(optional).toEqual([
    ...['replays', 'forks', 'pause', 'resume', 'cancel', 'close'].map(
      (step) => `POST /v1/collaborations/{id}/${step}`,
    ),
    'POST /v1/sandbox/runs/{run}/cancel',
  ]);
});

test('every code that the API answers is in the document, with its status', async () => {
  const { document } = await readDocument();
  const told = new Set(
    operationsOf(document).flatMap(([, { responses }]) =>
      Object.entries(responses).flatMap(([status, { description }]) =>
        [...description.matchAll(/`([a-z-]+)`:/g)].map((found) => `${status} ${found[1] ?? ''}`),
      ),
    ),
  );

  const expected = Object.entries(problemKinds)
    .filter(([code]) => !ofRuns.includes(code))
    .map(([code, { status }]) => `${status} ${code}`);

  expect([...told].sort()).toEqual(expected.sort());
});

/** Failures that end a call or a run and never a request, and those of every path that is none. */
const ofRuns = [
  'provider-unavailable',
  'provider-limited',
  'provider-refused',
  'worker-lost',
  'part-running',
  'artifact-corrupt',
  'ledger-corrupt',
  'method-not-allowed',
];

test('every reference leads somewhere', async () => {
  const { document } = await readDocument();
  const references = [
    ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
  ];

  const missing = references.filter(([, name]) => !(String(name) in document.components.schemas));

  expect(references.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test('the page loads nothing from elsewhere', async () => {
  const house = createHouse();

  const page = await house.request('/docs', { key: null });
  const text = await page.text();

  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
  const linked = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1] ?? '');
  const answers = await Promise.all(linked.map((path) => house.request(path, { key: null })));
  expect(answers.map(({ status }) => status)).toEqual(linked.map(() => 200));
});

test('other files of the page package are not served', async () => {
  const house = createHouse();

  const answers = await Promise.all(
    ['package.json', 'index.html', '..%2f..%2fpackage.json'].map((file) =>
      house.request(`/docs/${file}`, { key: null }),
    ),
  );

  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
});
