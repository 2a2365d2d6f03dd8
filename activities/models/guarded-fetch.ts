import { localFault, ProviderFaultError } from './fault.ts';
import type { HttpFetch } from './http-fetch.ts';

/**
 * Makes the `fetch` of model calls: it asks before every call whether the host may be called, and
 * follows no redirect, since a redirect would carry prompt and key to a host that nobody allowed.
 *
 * @param isAllowed - whether an address may be called
 * @param send - sends what is allowed
 */
export function guardedFetch(isAllowed: (url: URL) => boolean, send: HttpFetch): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!isAllowed(url)) {
      throw new ProviderFaultError(
        localFault(
          'host-not-allowed',
          `${url.host}: not on the list of hosts that may be called (CONCLAVE_ALLOWED_HOSTS)`,
        ),
      );
    }
    const response = await send(url, {
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: textBody(init?.body),
      signal: init?.signal ?? undefined,
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      const fault = localFault(
        'bad-request',
        `${url.host} answered with a redirect; none is followed`,
      );
      throw new ProviderFaultError({ ...fault, status: response.status });
    }
    return response;
  };
}

/** The provider packages send JSON; anything else would be a call that nobody here makes. */
function textBody(body: unknown): string | undefined {
  if (body === null || body === undefined) return undefined;
  if (typeof body === 'string') return body;
  throw new ProviderFaultError(localFault('unknown', 'a model call with a body that is no text'));
}
