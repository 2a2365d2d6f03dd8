import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { createPublicNames } from '../../../activities/webhooks/public-names.ts';

const headerBytes = 12;
const answered = 0x8180;
const unknownName = 0x8183;
const ipv4Type = 1;

/** A name server that knows one IPv4 address, of `known.example`. */
let server: Socket;

beforeEach(async () => {
  server = createSocket('udp4');
  server.on('message', (query, { port, address }) => {
    server.send(answerTo(query), port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** Source: RFC 1035, section 4. */
function answerTo(query: Buffer): Buffer {
  const nameEnd = query.indexOf(0, headerBytes) + 1;
  const question = query.subarray(headerBytes, nameEnd + 4);
  const isKnown = question.includes('known');
  const hasAddress = isKnown && query.readUInt16BE(nameEnd) === ipv4Type;
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(isKnown ? answered : unknownName, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  const record = Buffer.from('c00c00010001000000000004cb007107', 'hex'); // 203.0.113.7
  return Buffer.concat([header, question, ...(hasAddress ? [record] : [])]);
}

const find = (name: string) =>
  createPublicNames([`127.0.0.1:${String(server.address().port)}`])(name);

test('a name has the addresses that its name server knows', async () => {
  expect(await find('known.example')).toEqual([{ address: '203.0.113.7', family: 4 }]);
});

test('a name that nobody knows has none', async () => {
  await expect(find('other.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
