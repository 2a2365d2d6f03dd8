/** Somebody who speaks Parley, to try the adapter with: the simulated panel, at http://127.0.0.1:9000/parley. */
import { createPanelServer } from 'conclave/adapter-contract';

import { parleyWire } from './parley-provider.ts';

const formats = [{ root: '/parley', format: parleyWire }];
createPanelServer({ latencyMs: 50, version: 'example', formats }).listen(9000, '127.0.0.1');
