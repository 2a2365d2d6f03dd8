import type { ConnectorHealth, ProviderName } from '../../domain/providers/model-connector.ts';
import { ProviderFaultError, sortFault } from './fault.ts';

/** What is probed: the list of models, which costs nothing anywhere. */
export interface ProbeTarget {
  readonly provider: ProviderName;
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly fetch: typeof fetch;
}

/** Longest wait for an answer, milliseconds. */
export const probeTimeoutMs = 5_000;

/** Asks a provider for its models, to see that it is there and takes the key. Never throws. */
export async function probeHealth(
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ConnectorHealth> {
  const headers = probeHeaders(target);
  const ask = async (until: AbortSignal): Promise<Response> =>
    await target.fetch(probeUrl(target), { headers, signal: until });
  return await probeAnswer(ask, signal, ({ ok }) => ok);
}

/**
 * Asks anything, to see that somebody answers. Never throws.
 *
 * @param ask - sends the request
 * @param signal - ends the wait
 * @param isWell - whether an answer is a good sign
 */
export async function probeAnswer(
  ask: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
  isWell: (response: Response) => boolean,
): Promise<ConnectorHealth> {
  const start = performance.now();
  const health = (status: ConnectorHealth['status'], detail: string): ConnectorHealth => ({
    status,
    latencyMs: Math.round(performance.now() - start),
    detail,
  });
  try {
    const response = await ask(AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]));
    await response.body?.cancel();
    return isWell(response)
      ? health('ok', `answered ${response.status}`)
      : health('failing', `the provider answered ${response.status}`);
  } catch (error) {
    const fault = error instanceof ProviderFaultError ? error.fault : sortFault(error, Date.now());
    return health('failing', fault.message);
  }
}

function probeUrl({ provider, baseUrl }: ProbeTarget): string {
  return `${baseUrl.replace(/\/$/, '')}${provider === 'ollama' ? '/tags' : '/models'}`;
}

function probeHeaders({ provider, apiKey }: ProbeTarget): Record<string, string> {
  if (apiKey === null) return {};
  if (provider === 'anthropic') return { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' };
  return provider === 'google'
    ? { 'x-goog-api-key': apiKey }
    : { authorization: `Bearer ${apiKey}` };
}
