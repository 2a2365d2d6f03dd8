import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the host that holds the made-up programs. */
export const programsFolder = realpathSync(fileURLToPath(new URL('.', import.meta.url)));

/** Shows that folder to a program. */
export const programsGrant = { host: programsFolder, path: '/made-up' };

/** Where the made-up agent is inside. */
export const fakeProgram = '/made-up/fake-agent.ts';
