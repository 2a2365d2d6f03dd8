/** Tenants and their keys: `npm run tenants -- add <id>`, `sandbox <id> on|off`, `list`, `revoke <key>`. */
import { readConfig } from '../config.ts';
import { ownerDatabaseUrl } from '../database-urls.ts';
import { createTenantAdministration } from '../stores/tenant-store.ts';
import { runTenantsCommand } from './command.ts';

const EXIT_NOT_FOUND = 1;

process.exitCode = await runTenantsCommand(process.argv.slice(2), {
  open: (folder) => {
    const config = readConfig(folder === undefined ? [] : ['--data', folder]);
    const ownerUrl = ownerDatabaseUrl(config);
    if (ownerUrl === undefined) {
      process.stderr.write(
        `conclave: no database: CONCLAVE_DATABASE_URL is not set, and no stack runs on ${config.dataFolder}\n`,
      );
      process.exit(EXIT_NOT_FOUND);
    }
    return createTenantAdministration({ ownerUrl });
  },
  print: (line) => process.stdout.write(`${line}\n`),
});
