import type { Stack } from './stack.ts';

const NAME_WIDTH = 10;
const ADDRESS_WIDTH = 30;

/** Gives the line that tells of a part that has become ready. */
export function partLine(part: {
  name: string;
  address: string;
  version: string;
  ms: number;
}): string {
  const name = part.name.padEnd(NAME_WIDTH);
  const address = part.address.padEnd(ADDRESS_WIDTH);
  return `  ${name} ${address} ${String(part.ms).padStart(6)} ms   ${part.version}`;
}

/** Gives what a person needs once everything is ready: addresses, the key, and commands to copy. */
export function readyText(stack: Stack, readyMs: number): string {
  const { apiAddress, apiKey, uiAddress, connections } = stack;
  const body = JSON.stringify({
    pattern: 'debate',
    question: 'Should a small team begin with a monolith or with microservices?',
    options: ['monolith', 'microservices'],
  });
  const lines = [
    '',
    `Conclave is ready after ${(readyMs / 1000).toFixed(1)} s: ${apiAddress}`,
    ...(connections.simulatedAddress === undefined
      ? []
      : ['The agents are simulated: no provider key is used.']),
    '',
    `  API key      ${apiKey}`,
    `  API docs     ${apiAddress}/docs`,
    ...(uiAddress === undefined ? [] : [`  Temporal UI  ${uiAddress}`]),
    `  data         ${stack.config.dataFolder}`,
    '',
    'Start a debate:',
    '',
    `  curl -s ${apiAddress}/v1/collaborations \\`,
    `    -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' \\`,
    `    -d '${body}'`,
    '',
    'Follow it live, with the id of the answer:',
    '',
    `  curl -N ${apiAddress}/v1/collaborations/<id>/events \\`,
    `    -H 'Authorization: Bearer ${apiKey}' -H 'Accept: text/event-stream'`,
    '',
    'Ctrl-C stops everything; nothing is lost.',
    '',
  ];
  return lines.join('\n');
}
