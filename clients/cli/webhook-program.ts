import type { Command } from 'commander';

import type { CommandContext } from './commands.ts';
import type { ConnectionOptions } from './connection.ts';
import { CommandError, exitUsage } from './exit.ts';
import { collected } from './option-values.ts';
import * as webhooks from './webhook-commands.ts';

/** What commands that speak to the API share. */
export interface ConnectedCommands {
  /** Adds the options that say where the API is. */
  readonly connected: (command: Command) => Command;
  readonly contextOf: (options: ConnectionOptions & { readonly json?: boolean }) => CommandContext;
}

type Options = ConnectionOptions & { readonly json?: boolean };

/** Adds the commands for webhooks, under `webhooks`. */
export function addWebhooks(program: Command, shared: ConnectedCommands): void {
  const group = program.command('webhooks').description('tell other programs what happens');
  const { connected, contextOf } = shared;
  connected(group.command('list').description('list them')).action(async (options: Options) => {
    await webhooks.list(contextOf(options));
  });
  connected(group.command('add <url>').description('register one, and show its secret'))
    .option('--event <type>', 'type of event to be told of; repeat; all by default', collected)
    .option('--description <text>', 'what it is for')
    .action(
      async (
        url: string,
        options: Options & { readonly event?: string[]; readonly description?: string },
      ) => {
        const { event = ['*'], description } = options;
        const body = { url, events: event, ...(description !== undefined && { description }) };
        await webhooks.register(contextOf(options), body);
      },
    );
  const onOne = (
    name: string,
    description: string,
    act: (context: CommandContext, id: string) => Promise<void>,
  ): void => {
    connected(group.command(`${name} <id>`).description(description)).action(
      async (id: string, options: Options) => {
        await act(contextOf(options), id);
      },
    );
  };
  onOne('show', 'show one', webhooks.showOne);
  onOne('remove', 'remove one', webhooks.remove);
  onOne('secret', 'give it a new secret; the old one signs too for a day', (context, id) =>
    webhooks.change(context, id, 'secret'),
  );
  onOne('activate', 'switch it on again after its receiver was gone', (context, id) =>
    webhooks.change(context, id, 'activation'),
  );
  onOne('test', 'send it a notice that tells of nothing', (context, id) =>
    webhooks.send(context, webhooks.webhookPath(id, 'test')),
  );
  addDeliveries(group, shared);
}

function addDeliveries(group: Command, { connected, contextOf }: ConnectedCommands): void {
  connected(group.command('deliveries <id>').description('list what was sent, waits or has died'))
    .option('--state <state>', 'only pending, delivered or dead ones')
    .option('--limit <n>', 'how many')
    .option('--cursor <next>', 'go on after a page')
    .action(async (id: string, options: Options & Readonly<Record<string, string | undefined>>) => {
      const { state, limit, cursor } = options;
      await webhooks.deliveries(contextOf(options), id, { state, limit, cursor });
    });
  connected(group.command('redeliver <id> [delivery]').description('send a notice again'))
    .option('--dead', 'all dead ones')
    .action(
      async (
        id: string,
        delivery: string | undefined,
        options: Options & { readonly dead?: boolean },
      ) => {
        if ((delivery === undefined) !== (options.dead === true)) {
          throw new CommandError('redeliver: expected either a delivery or --dead', exitUsage);
        }
        const context = contextOf(options);
        if (delivery === undefined) await webhooks.sendDead(context, id);
        else {
          const path = webhooks.webhookPath(id, 'deliveries', delivery, 'redelivery');
          await webhooks.send(context, path);
        }
      },
    );
}
