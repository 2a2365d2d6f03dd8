import { lookup as resolveName } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';

import type { TryResult } from '../../domain/webhooks/verdict.ts';
import type { HostVerdict } from '../../domain/webhooks/webhook-hosts.ts';
import { mayCall } from './address-kind.ts';
import { createPublicNames } from './public-names.ts';
import type { NameFinder } from './public-names.ts';

/** One request to a receiver. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request at once; then it comes to nothing. */
  readonly signal: AbortSignal;
}

/** Posts a notice; undefined when it was ended by its signal. */
export type WebhookPost = (request: WebhookRequest) => Promise<TryResult | undefined>;

/** What posting stands on. */
export interface WebhookPostDeps {
  /** What the configuration says of a URL's host. */
  readonly judgeHost: (url: URL) => HostVerdict;
  /** Most time for all of it, from the name to the answer, milliseconds. */
  readonly timeoutMs: number;
  /** Finds the addresses of a name; by the machine's own means unless given. */
  readonly resolve?: NameFinder;
}

/** Most bytes of an answer's body that are read and kept. */
export const answerBytesMax = 1024;

/** How long the body of an answer is waited for: what counts is its status, which is there. */
const bodyWithinMs = 1000;

const addressRefused = 'ADDRESS_NOT_ALLOWED';

/**
 * Makes the client of receivers. Every request has a connection of its own, so that its address is found and judged anew,
 * and goes to just the address that was judged. Redirects are answers like any other: none is followed.
 */
export function createWebhookPost(deps: WebhookPostDeps): WebhookPost {
  const ownNames: NameFinder = (hostname) => resolveName(hostname, { all: true });
  const publicNames = createPublicNames();
  return async ({ url: text, headers, body, signal }) => {
    const url = new URL(text);
    const verdict = deps.judgeHost(url);
    if (!verdict.ok) return { kind: 'unanswered', failure: 'host-not-allowed' };
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const host = { reach: verdict.reach, isAddress: isIP(literal) !== 0 };
    if (host.isAddress && !mayCall(literal, host)) {
      return { kind: 'unanswered', failure: 'address-not-allowed' };
    }
    const resolve = deps.resolve ?? (verdict.reach === 'public' ? publicNames : ownNames);
    const timeout = AbortSignal.timeout(deps.timeoutMs);
    const options: RequestOptions = {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal: AbortSignal.any([signal, timeout]),
      lookup: (hostname, _options, callback) => {
        resolve(hostname).then(
          (found) => {
            const allowed = found.filter(({ address }) => mayCall(address, host));
            const refusal = Object.assign(new Error(addressRefused), { code: addressRefused });
            if (allowed.length > 0) callback(null, [...allowed]);
            else callback(refusal, []);
          },
          (error: unknown) => {
            callback(error as NodeJS.ErrnoException, []);
          },
        );
      },
    };
    try {
      const answer = await send(url, options, body);
      return {
        kind: 'answered',
        status: answer.statusCode ?? 0,
        retryAfter: answer.headers['retry-after'],
        body: await beginningOf(answer),
      };
    } catch (error) {
      if (signal.aborted) return undefined;
      if (timeout.aborted) return { kind: 'unanswered', failure: 'timeout' };
      const isRefused = (error as { code?: unknown }).code === addressRefused;
      const failure = isRefused ? 'address-not-allowed' : 'connection-failed';
      return { kind: 'unanswered', failure };
    }
  };
}

function send(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, options);
    request.on('response', resolve);
    request.on('error', reject);
    // An answer that wants another protocol (101) ends without either.
    request.on('close', () => {
      reject(new Error('closed without an answer'));
    });
    request.end(body);
  });
}

/** Never rejects: a body that breaks off is as good as a short one. */
function beginningOf(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      answer.destroy();
      const whole = Buffer.concat(chunks).subarray(0, answerBytesMax);
      // Databases refuse NUL.
      resolve(new TextDecoder().decode(whole).replaceAll('\0', '\u{fffd}'));
    };
    const timer = setTimeout(end, bodyWithinMs);
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= answerBytesMax) end();
    });
    answer.on('error', end);
    answer.on('close', end);
  });
}
