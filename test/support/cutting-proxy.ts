import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** How a connection goes: with a reset, as when the other side dies, or with an orderly end in the middle of a conversation. */
export type Cut = 'reset' | 'end';

/** A way to a server that can be cut at any moment. */
export interface CuttingProxy {
  readonly port: number;
  /** Cuts every connection as soon as the server has sent so many more pieces, all connections together. */
  cutAfter(pieces: number, how: Cut): void;
  /** Cuts every connection and takes, and cuts at once, so many more before one may stay. */
  refuse(connections: number): void;
  close(): Promise<void>;
}

/** Opens a way to a port of this machine. */
export async function openCuttingProxy(port: number): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let cut: Cut = 'reset';
  let refusals = 0;
  const cutAll = (): void => {
    left = Number.POSITIVE_INFINITY;
    for (const socket of open) {
      if (cut === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  };
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (refusals > 0) {
      refusals -= 1;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    upstream.on('error', () => undefined);
    open.add(client);
    client.on('data', (piece: Buffer) => upstream.write(piece));
    upstream.on('data', (piece: Buffer) => {
      client.write(piece);
      left -= 1;
      if (left <= 0) cutAll();
    });
    client.once('close', () => {
      open.delete(client);
      upstream.destroy();
    });
    upstream.once('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter: (pieces, how) => {
      cut = how;
      left = pieces;
    },
    refuse: (connections) => {
      refusals = connections;
      cut = 'reset';
      cutAll();
    },
    close: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
