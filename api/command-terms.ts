import { completeCommand, type CommandRegistration } from '../domain/commands/command-schema.ts';
import { commandProvider, type CommandSettings } from '../domain/commands/command-settings.ts';
import { isInFolders } from '../domain/commands/folder-list.ts';
import { shown } from '../domain/planning/fault.ts';
import type { Fault } from '../domain/planning/fault.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { ApiDeps } from './ports.ts';

type Deps = Pick<ApiDeps, 'isKeyVariable' | 'isCommandVariable' | 'isHostNamed' | 'commandFolders'>;

/**
 * Gives what an agent that is a program has beside other agents; its upstream's address and key variable make its account.
 *
 * @param named - as the registration has it
 */
export function commandFields(
  named: CommandRegistration | undefined,
): Partial<Pick<Agent, 'command' | 'baseUrl' | 'apiKeyEnv'>> {
  if (named === undefined) return {};
  const command = completeCommand(named);
  const { upstream } = command.network;
  return { command, baseUrl: upstream?.url ?? null, apiKeyEnv: upstream?.from ?? null };
}

/** Says what is wrong with what an agent asks for its program, where it is one. */
export function commandFaults(
  deps: Deps,
  { provider, command }: Pick<Agent, 'command'> & { readonly provider: string },
): readonly Fault[] {
  if ((provider === commandProvider) !== (command !== undefined)) {
    const [got, expected] =
      command === undefined
        ? ['nothing', `how the program is asked, for the provider is ${commandProvider}`]
        : ['an object', `nothing, unless the provider is ${commandProvider}`];
    return [{ field: 'command', got, expected }];
  }
  if (command === undefined) return [];
  if (deps.commandFolders === undefined || deps.commandFolders.length === 0) {
    const expected = 'nothing: programs are off here, for CONCLAVE_COMMAND_FOLDERS names no folder';
    return [{ field: 'command', got: shown(command.path), expected }];
  }
  return [
    ...grantFaults(command, deps.commandFolders),
    ...variableFaults(command, deps),
    ...hostFaults(command, deps),
  ];
}

function grantFaults({ grants }: CommandSettings, folders: readonly string[]): Fault[] {
  const isListed = isInFolders(folders);
  return grants.flatMap(({ host }, index) => {
    const expected = 'a folder in one that CONCLAVE_COMMAND_FOLDERS lists';
    const field = `command.grants[${String(index)}].host`;
    return isListed(host) ? [] : [{ field, got: shown(host), expected }];
  });
}

/** The key of the upstream stays with the proxy; what is in the environment the program can print. */
function variableFaults({ environment, network }: CommandSettings, deps: Deps): Fault[] {
  const seen = Object.entries(environment).flatMap(([name, value]) => {
    if (typeof value === 'string' || deps.isCommandVariable(value.from)) return [];
    const expected =
      'a variable that CONCLAVE_COMMAND_VARIABLES lists; network.upstream takes a key that the program does not see';
    return [{ field: `command.environment.${name}.from`, got: shown(value.from), expected }];
  });
  const from = network.upstream?.from ?? null;
  if (from === null || deps.isKeyVariable(from)) return seen;
  const expected = 'a variable that CONCLAVE_KEY_VARIABLES lists';
  return [...seen, { field: 'command.network.upstream.from', got: shown(from), expected }];
}

function hostFaults({ network }: CommandSettings, deps: Deps): Fault[] {
  return network.hosts.flatMap((host, index) => {
    const scheme = host.endsWith(':443') ? 'https' : 'http';
    if (deps.isHostNamed(new URL(`${scheme}://${host}`))) return [];
    const expected = 'a known provider’s host, or one that CONCLAVE_ALLOWED_HOSTS names';
    return [{ field: `command.network.hosts[${String(index)}]`, got: shown(host), expected }];
  });
}
