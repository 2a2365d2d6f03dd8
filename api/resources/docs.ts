import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { createRoute, z } from '@hono/zod-openapi';

import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound } from '../problem.ts';
import { answers } from '../routes.ts';

/** Files of the page, and their media types; nothing else of the package is served. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const START = `window.onload = () => {
  SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });
};
`;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Conclave API</title>
    <link rel="icon" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** Only what this process serves may load or run; the page's own library sets styles on elements. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SECURE = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const documentRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDocument',
  summary: 'Get this document',
  security: [],
  responses: { 200: answers('OpenAPI 3.1.', z.looseObject({})) },
});

const pageRoute = createRoute({
  method: 'get',
  path: '/docs',
  operationId: 'getPage',
  summary: 'Read this document as a page',
  security: [],
  responses: { 200: { description: 'A page.', content: { 'text/html': { schema: z.string() } } } },
});

/** Adds the OpenAPI document and a page that shows it; all of it comes from this process. */
export function addDocs(api: Api, deps: Pick<ApiDeps, 'version'>): void {
  let written: string | undefined;
  api.openapi(documentRoute, (c) => {
    written ??= JSON.stringify(documentOf(api, deps.version));
    return c.body(written, 200, { 'content-type': 'application/json' });
  });
  api.openapi(pageRoute, (c) => c.html(PAGE, 200, SECURE));
  api.get('/docs/start.js', (c) =>
    c.body(START, 200, { ...SECURE, 'content-type': 'text/javascript; charset=utf-8' }),
  );
  api.get('/docs/:file', async (c) => {
    const name = c.req.param('file');
    const mediaType = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (mediaType === undefined) throw notFound('file', name);
    return c.body(await readFile(join(folder(), name)), 200, {
      ...SECURE,
      'content-type': mediaType,
      'cache-control': 'public, max-age=86400',
    });
  });
}

function folder(): string {
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}

function documentOf(api: Api, version: string): object {
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Conclave',
      version,
      description:
        'Durable work that several AIs do together. Errors are problem documents (RFC 9457) with a stable `code`.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const tag = tagOf(path);
    for (const method of methods) {
      if (item[method] !== undefined) item[method].tags = [tag];
    }
  }
  return document;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Routes of one resource stand together: all of `/v1/agents/…` under `agents`, what is not versioned under `service`. */
function tagOf(path: string): string {
  return /^\/v1\/([a-z-]+)/.exec(path)?.[1] ?? 'service';
}
