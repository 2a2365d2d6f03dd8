import { randomBytes } from 'node:crypto';

import { Argument, Command, CommanderError } from 'commander';

import type { TenantAdministration } from '../stores/tenant-store.ts';

/** What the command works on. */
export interface TenantsSurroundings {
  /** Opens the database as its owner; `folder` is the data folder of a stack where one was named. */
  open(folder: string | undefined): TenantAdministration;
  print(line: string): void;
}

const EXIT_USAGE = 2;

/**
 * Performs `npm run tenants -- <command>`.
 *
 * @param args - as typed
 * @param surroundings - database and terminal
 * @returns exit code: 0, 1 where nothing was done, 2 for a wrong command
 */
export async function runTenantsCommand(
  args: readonly string[],
  surroundings: TenantsSurroundings,
): Promise<number> {
  let exitCode = 0;
  const program = new Command('npm run tenants --')
    .description('Tenants and their API keys. A key is shown once, when it is made.')
    .option('--data <folder>', 'data folder of the stack')
    .exitOverride();
  const work = async (
    on: (tenants: TenantAdministration) => Promise<readonly string[]>,
  ): Promise<void> => {
    const tenants = surroundings.open(program.opts<{ data?: string }>().data);
    try {
      for (const line of await on(tenants)) surroundings.print(line);
    } catch (error) {
      surroundings.print(`conclave: ${(error as Error).message}`);
      exitCode = 1;
    } finally {
      await tenants.close();
    }
  };
  program
    .command('add <id>')
    .description('make a tenant, or one more key for one that is there')
    .option('--name <name>', 'what people call it; its id by default')
    .option('--sandbox', 'let it run code in the sandbox')
    .action(async (tenantId: string, { name = tenantId, sandbox = false }: AddOptions) => {
      await work(async (tenants) => {
        const apiKey = `ck_${tenantId}_${randomBytes(32).toString('base64url')}`;
        await tenants.createTenant({ tenantId, name, apiKey });
        if (sandbox) await tenants.allowCode(tenantId, true);
        return [apiKey];
      });
    });
  program
    .command('sandbox <id>')
    .description('let a tenant run code in the sandbox, or no longer')
    .addArgument(new Argument('<allowed>', 'on or off').choices(['on', 'off']))
    .action(async (tenantId: string, allowed: string) => {
      await work(async (tenants) => {
        if (await tenants.allowCode(tenantId, allowed === 'on')) return [`sandbox ${allowed}`];
        throw new Error(`id: got ${JSON.stringify(tenantId)}, expected a tenant that is there`);
      });
    });
  program
    .command('list')
    .description('show tenants with the number of their keys')
    .action(async () => {
      await work(async (tenants) => (await tenants.listTenants()).map(lineOf));
    });
  program
    .command('revoke <key>')
    .description('end a key; it is refused within five seconds')
    .action(async (apiKey: string) => {
      await work(async (tenants) => {
        if (await tenants.revokeKey(apiKey)) return ['revoked'];
        throw new Error('key: got one that is unknown or ended already, expected a living key');
      });
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

interface AddOptions {
  readonly name?: string;
  readonly sandbox?: boolean;
}

function lineOf(tenant: {
  tenantId: string;
  name: string;
  keys: number;
  mayRunCode: boolean;
}): string {
  const line = `${tenant.tenantId}\t${tenant.name}\t${String(tenant.keys)} keys`;
  return tenant.mayRunCode ? `${line}\tsandbox` : line;
}
