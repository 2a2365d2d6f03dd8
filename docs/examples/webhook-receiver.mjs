import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace('whsec_', ''), 'base64');
const seen = new Set(); // of a real receiver: in its database

const server = createServer(async (request, response) => {
  const {
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': signatures,
  } = request.headers;
  const body = Buffer.concat(await request.toArray());
  const mine = createHmac('sha256', secret).update(`${id}.${time}.`).update(body).digest();
  const isSigned = String(signatures)
    .split(' ')
    .some((one) => {
      const given = Buffer.from(one.replace('v1,', ''), 'base64');
      return given.length === mine.length && timingSafeEqual(given, mine);
    });
  if (!isSigned || Math.abs(Date.now() / 1000 - time) > 300) return response.writeHead(401).end();
  if (!seen.has(id)) process.stdout.write(`${id} ${JSON.parse(body).type}\n`);
  seen.add(id); // a notice may come twice
  response.writeHead(204).end();
});
server.listen(process.env.PORT ?? 9000, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
