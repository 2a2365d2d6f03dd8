import type { LanguageModelV4 } from '@ai-sdk/provider';

import type { Agent } from '../../domain/providers/agent.ts';
import { knownProviders } from '../../domain/providers/known-providers.ts';
import type {
  Capabilities,
  ModelConnector,
  ProviderName,
} from '../../domain/providers/model-connector.ts';
import { baseUrlOf, capabilitiesOf, keyOf, refuseVision } from './call-terms.ts';
import { watchCall, type ModelTimeouts } from './call-watch.ts';
import { ProviderFaultError, sortFault } from './fault.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { probeHealth } from './health-probe.ts';
import { createHttpFetch } from './http-fetch.ts';
import type { HttpFetch } from './http-fetch.ts';
import { readStream } from './reply-stream.ts';
import { sdkModel } from './sdk-model.ts';
import { sdkRequest } from './sdk-request.ts';
import { withStrictLines } from './strict-lines.ts';

/** What a connector needs from outside. */
export interface ConnectorDeps {
  /** Gives a variable's value, or `undefined` where it is not set. */
  secret(name: string): string | undefined;
  /** Says whether a model call may go to this address; asked before every call. */
  allowedHosts(url: URL): boolean;
  readonly timeouts: ModelTimeouts;
  /** Sends calls; connectors that share one share its connections. One of its own where absent. */
  readonly send?: HttpFetch;
}

/** An agent of a provider that is known here. */
export type KnownAgent = Agent & { readonly provider: ProviderName };

/**
 * Makes the connector of an agent. Nothing is called and no key is read before the first `ask`.
 *
 * It drives the AI SDK's models directly: the SDK builds the request and reads the wire format, while
 * retries, parsing and repair belong to others here.
 */
export function createConnector(agent: KnownAgent, deps: ConnectorDeps): ModelConnector {
  const { provider, model } = agent;
  const usual = knownProviders[provider];
  const capabilities = capabilitiesOf(agent, usual.capabilities);
  const guarded = guardedFetch((url) => deps.allowedHosts(url), deps.send ?? createHttpFetch());
  const answered = new WeakSet<AbortSignal>();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await guarded(input, init);
    if (response.ok && init?.signal) answered.add(init.signal);
    return provider === 'ollama' ? withStrictLines(response) : response;
  };
  const models = modelSource(agent, capabilities, deps, fetch);
  const shape = { provider, model, structuredOutput: capabilities.structuredOutput };
  return {
    provider,
    model,
    capabilities,
    simulated: agent.simulated,
    async ask(request) {
      const watch = watchCall(request.signal, deps.timeouts);
      try {
        if (watch.signal.aborted) throw watch.signal.reason as ProviderFaultError;
        refuseVision(request, capabilities, agent.name);
        const options = sdkRequest(request, shape);
        const call = models().doStream({ ...options, abortSignal: watch.signal });
        const { stream } = await Promise.race([call, watch.ended]);
        return await readStream(stream, { provider, model, watch, onText: request.onText });
      } catch (error) {
        const cause = watch.signal.aborted ? (watch.signal.reason as unknown) : error;
        throw asFaultError(cause, answered.has(watch.signal));
      } finally {
        watch.release();
      }
    },
    async probe(signal) {
      try {
        const apiKey = keyOf(agent, deps);
        const baseUrl = baseUrlOf(agent, usual.baseUrl);
        return await probeHealth({ provider, baseUrl, apiKey, fetch }, signal);
      } catch (error) {
        return { status: 'failing', latencyMs: 0, detail: asFaultError(error).fault.message };
      }
    },
  };
}

/** Keeps the SDK's model, and makes a new one when the key has changed. */
function modelSource(
  agent: KnownAgent,
  { structuredOutput }: Capabilities,
  deps: ConnectorDeps,
  fetch: typeof globalThis.fetch,
): () => LanguageModelV4 {
  let made: { apiKey: string | null; model: LanguageModelV4 } | undefined;
  return () => {
    const apiKey = keyOf(agent, deps);
    if (made?.apiKey !== apiKey) {
      const { provider, model } = agent;
      const baseUrl = baseUrlOf(agent, knownProviders[provider].baseUrl);
      made = {
        apiKey,
        model: sdkModel({ provider, model, baseUrl, apiKey, structuredOutput, fetch }),
      };
    }
    return made.model;
  };
}

function asFaultError(error: unknown, hasAnswered = false): ProviderFaultError {
  if (error instanceof ProviderFaultError) return error;
  // The SDK's errors carry the request's body, and with it the prompt: they are no cause to keep.
  return new ProviderFaultError(sortFault(error, Date.now(), hasAnswered));
}
