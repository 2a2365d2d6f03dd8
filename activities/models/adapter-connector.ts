import type { Adapter, AdapterRequest } from '../../domain/providers/adapter.ts';
import { readAdapterReply } from '../../domain/providers/adapter-reading.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { schemaInstruction } from '../../domain/prompts/schema-instruction.ts';
import type {
  Capabilities,
  ModelConnector,
  ModelReply,
  ModelRequest,
  PromptPart,
  ProviderFault,
} from '../../domain/providers/model-connector.ts';
import { openAdapterCall, type OpenAdapterCall } from './adapter-call.ts';
import { baseUrlOf, capabilitiesOf, keyOf, refuseVision } from './call-terms.ts';
import { watchCall } from './call-watch.ts';
import type { ConnectorDeps } from './connector.ts';
import { localFault, ProviderFaultError, sortFault } from './fault.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { probeAnswer } from './health-probe.ts';
import { createHttpFetch } from './http-fetch.ts';

/**
 * Makes the connector of an agent whose provider is an adapter. Whatever the adapter does short of blocking the process,
 * the connector keeps its contract: time limits, cancellation, allowed hosts, typed failures.
 */
export function createAdapterConnector(
  agent: Agent,
  adapter: Adapter,
  deps: ConnectorDeps,
): ModelConnector {
  const { provider, model, simulated } = agent;
  const capabilities = capabilitiesOf(agent, adapter.capabilities);
  const guarded = guardedFetch((url) => deps.allowedHosts(url), deps.send ?? createHttpFetch());
  const { totalMs, chunkMs } = deps.timeouts;
  // What does not stream is silent until it is done.
  const timeouts = { totalMs, chunkMs: capabilities.streaming ? chunkMs : totalMs };
  return {
    provider,
    model,
    capabilities,
    simulated,
    async ask(request) {
      const watch = watchCall(request.signal, timeouts);
      let call: OpenAdapterCall | undefined;
      try {
        watch.signal.throwIfAborted();
        refuseVision(request, capabilities, agent.name);
        const baseUrl = baseUrlOf(agent, adapter.baseUrl);
        const apiKey = keyOf(agent, deps);
        const { onText } = request;
        call = openAdapterCall({ baseUrl, apiKey, watch, guarded, onText });
        const asked = answerOf(adapter, adapterRequest(request, model, capabilities), call);
        // Whoever is late has nobody left who listens.
        asked.catch(() => undefined);
        return await Promise.race([asked, watch.ended]);
      } catch (error) {
        const cause = watch.signal.aborted ? (watch.signal.reason as unknown) : error;
        throw faultErrorOf(cause, call?.hasAnswered() ?? false);
      } finally {
        call?.close();
        watch.release();
      }
    },
    async probe(signal) {
      const ask = async (until: AbortSignal): Promise<Response> =>
        await guarded(baseUrlOf(agent, adapter.baseUrl), { signal: until });
      return await probeAnswer(ask, signal, ({ status }) => status < 500);
    },
  };
}

async function answerOf(
  adapter: Adapter,
  request: AdapterRequest,
  call: OpenAdapterCall,
): Promise<ModelReply> {
  const came: unknown = await adapter.ask(request, call.given);
  const misdeed = call.misdeed();
  if (misdeed !== null) throw misdeed;
  const reading = readAdapterReply(came, request.model);
  if (reading.ok) return reading.reply;
  const { field, got, expected } = reading.fault;
  const message = `the adapter's reply is unusable: ${field}: got ${got}, expected ${expected}`;
  throw new ProviderFaultError(localFault('malformed', message));
}

/** Fits a request to what the adapter says it can. */
function adapterRequest(
  request: ModelRequest,
  model: string,
  { systemPrompt, structuredOutput }: Capabilities,
): AdapterRequest {
  const { system, schema, maxOutputTokens } = request;
  const text = (words: string, stable: boolean): PromptPart[] =>
    words === '' ? [] : [{ kind: 'text', text: words, stable }];
  const instruction =
    schema === null || structuredOutput ? [] : text(schemaInstruction(schema), false);
  return {
    model,
    system: systemPrompt ? system : '',
    parts: [...(systemPrompt ? [] : text(system, true)), ...request.parts, ...instruction],
    schema: structuredOutput ? schema : null,
    maxOutputTokens,
  };
}

function faultErrorOf(error: unknown, hasAnswered: boolean): ProviderFaultError {
  if (error instanceof ProviderFaultError) return error;
  return new ProviderFaultError(sortedFault(error, hasAnswered));
}

/** An adapter may throw anything, things that cannot even be looked at among it. */
function sortedFault(error: unknown, hasAnswered: boolean): ProviderFault {
  try {
    const fault = sortFault(error, Date.now(), hasAnswered);
    const isOwn = fault.code === 'unknown' || fault.code === 'malformed';
    const place = isOwn ? placeOf(error) : null;
    return place === null ? fault : { ...fault, message: `${fault.message}, at ${place}` };
  } catch {
    return localFault('unknown', 'the adapter threw something that cannot be read');
  }
}

/** File, line and column where an error was made, for its author; an error's own words may quote the prompt. */
function placeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  return /^ +at .*?([\w.-]+\.[cm]?[jt]s:\d+:\d+)\)?$/m.exec(error.stack ?? '')?.[1] ?? null;
}
