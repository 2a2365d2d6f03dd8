import type { Context, MiddlewareHandler } from 'hono';

import type { ApiEnv } from './context.ts';
import { findJsonFault } from './json-fault.ts';
import { Problem } from './problem.ts';

/** Most bytes of a JSON body: 10 MB of materials and what stands around them. */
export const jsonBytesMax = 11_000_000;

/**
 * Makes the middleware that takes in a JSON body before it is validated: the right media type, not
 * over the limit (counted while it streams in), and JSON at all.
 *
 * @param options - how strict it is
 * @param options.isOptional - whether a request without body passes
 */
export function jsonBody(options: { isOptional?: boolean } = {}): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const mediaType = mediaTypeOf(c);
    const isOptional = options.isOptional === true;
    if (isOptional && mediaType === undefined) {
      await next(); // a body without a media type is refused where routes are matched to bodies
      return;
    }
    if (mediaType !== 'application/json') throw wrongMediaType(mediaType, 'application/json');
    const text = decode(await readBytes(c, jsonBytesMax));
    // Many clients name a media type even where they send nothing.
    const given = isOptional && text === '' ? '{}' : text;
    c.req.bodyCache.text = Promise.resolve(given) as unknown as string;
    await next();
  };
}

/** Makes the problem for a body of another media type than a route takes. */
export function wrongMediaType(got: string | undefined, expected: string): Problem {
  return new Problem('unsupported-media-type', {
    detail: `The body must be ${expected}.`,
    errors: [{ field: 'Content-Type', got: got ?? 'nothing', expected }],
    headers: { accept: expected },
  });
}

/** Gives the media type of the body in lower case, without its parameters. */
export function mediaTypeOf(c: Context): string | undefined {
  const mediaType = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  return mediaType === '' ? undefined : mediaType;
}

/**
 * Reads the whole body, and stops as soon as it is over the limit.
 *
 * @param c - the request's context; its body must not have been read
 * @param bytesMax - most bytes
 * @throws `Problem` `too-large`
 */
export async function readBytes(c: Context, bytesMax: number): Promise<Uint8Array> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (length > bytesMax) throw tooLarge(length, bytesMax);
  if (!Number.isNaN(length)) return new Uint8Array(await c.req.raw.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > bytesMax) throw tooLarge(undefined, bytesMax);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks);
}

/**
 * Makes the problem for a body that is not JSON, and says where.
 *
 * @param text - the body as it came
 */
export function brokenJson(text: string): Problem {
  const fault = findJsonFault(text);
  const place = fault ? ` at line ${fault.line}, column ${fault.column}` : '';
  return new Problem('body-malformed', {
    detail: `The body is not valid JSON${place}.`,
    errors: [
      { field: 'body', got: fault?.got ?? 'something else', expected: fault?.expected ?? 'JSON' },
    ],
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem('body-malformed', {
      detail: 'The body is not valid UTF-8.',
      errors: [{ field: 'body', got: 'bytes that are not UTF-8', expected: 'UTF-8 text' }],
      cause,
    });
  }
}

function tooLarge(got: number | undefined, bytesMax: number): Problem {
  return new Problem('too-large', {
    detail: `The body may have at most ${bytesMax} bytes.`,
    errors: [
      {
        field: 'body',
        got: got === undefined ? `more than ${bytesMax} bytes` : `${got} bytes`,
        expected: `at most ${bytesMax} bytes`,
      },
    ],
    headers: { connection: 'close' }, // the rest of the body is not worth reading
  });
}
