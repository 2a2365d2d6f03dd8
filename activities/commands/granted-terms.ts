import type { CommandSettings } from '../../domain/commands/command-settings.ts';
import { keyOf } from '../models/call-terms.ts';
import { localFault, ProviderFaultError } from '../models/fault.ts';
import type { EgressRules } from './egress-rules.ts';

/** What knows what a program gets of this worker's; asked before every run, however its registration came to be. */
export interface GrantedTermsDeps {
  /** Gives the value of a variable that an agent may name for its key, or `undefined`. */
  secret(name: string): string | undefined;
  /** Gives the value of a variable that programs may see, or `undefined`. */
  variable(name: string): string | undefined;
  /** Says whether a program's requests may be handed to this address, its agent's upstream. */
  allowedHosts(url: URL): boolean;
  /**
   * Says whether a program may reach this address as it is. In local mode too this machine is not among them by itself:
   * databases and others listen here that trust whoever is near.
   */
  namedHosts(url: URL): boolean;
}

/** A program whose terms are looked up. */
interface Asked {
  /** The agent's name. */
  readonly name: string;
  readonly command: Pick<CommandSettings, 'environment' | 'network'>;
}

/**
 * Looks up the variables that a program's environment names.
 *
 * @returns their values by their names here
 * @throws ProviderFaultError with `key-missing` for one that is not set, or that programs may not see
 */
export function grantedVariables(
  { name, command }: Asked,
  deps: Pick<GrantedTermsDeps, 'variable'>,
): Record<string, string> {
  const granted = Object.values(command.environment).flatMap((value) => {
    if (typeof value === 'string') return [];
    const { from } = value;
    const text = deps.variable(from);
    if (text !== undefined && text !== '') return [[from, text] as const];
    const message = `${from}: not set, or none that programs may see (CONCLAVE_COMMAND_VARIABLES); agent ${name} needs it`;
    throw new ProviderFaultError(localFault('key-missing', message));
  });
  return Object.fromEntries(granted);
}

/**
 * Finds where a program may go, with the key that its proxy holds.
 *
 * @returns `null`: nowhere
 * @throws ProviderFaultError with `host-not-allowed` or `key-missing`
 */
export function egressRules(
  { name, command }: Asked,
  deps: Omit<GrantedTermsDeps, 'variable'>,
): EgressRules | null {
  const { hosts, upstream } = command.network;
  for (const url of hosts.map(urlOf)) if (!deps.namedHosts(url)) throw unlisted(url, name);
  if (upstream === null) return hosts.length === 0 ? null : { hosts, upstream };
  const { url, header, prefix, from } = upstream;
  if (!deps.allowedHosts(new URL(url))) throw unlisted(new URL(url), name);
  const key = keyOf({ name, apiKeyEnv: from }, deps);
  return { hosts, upstream: { url, key: key === null ? null : { header, value: prefix + key } } };
}

/** Port 443 is what TLS goes to; everything else is asked for as plain HTTP. */
function urlOf(host: string): URL {
  return new URL(`${host.endsWith(':443') ? 'https' : 'http'}://${host}`);
}

function unlisted({ host }: URL, agent: string): ProviderFaultError {
  const list = 'not on the list of hosts that may be called (CONCLAVE_ALLOWED_HOSTS)';
  return new ProviderFaultError(localFault('host-not-allowed', `agent ${agent}: ${host}: ${list}`));
}
