import { localFault, ProviderFaultError } from './fault.ts';

/**
 * Makes the `fetch` of model calls: it asks before every call whether the host may be called, and
 * follows no redirect, since a redirect would carry prompt and key to a host that nobody allowed.
 */
export function guardedFetch(isAllowed: (url: URL) => boolean): typeof fetch {
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
    const response = await fetch(input, { ...init, redirect: 'manual' });
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
