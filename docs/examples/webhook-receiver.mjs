import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace('whsec_', ''), 'base64');
const seen = new Set(); // of a real receiver: in its database
const bytesMax = 65_536;

async function receive(request) {
  const {
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': signatures,
  } = request.headers;
  if (!(Number(request.headers['content-length']) <= bytesMax)) return 413; // every notice says its length
  const body = Buffer.concat(await request.toArray()); // parsed and written anew it had another signature
  const mine = createHmac('sha256', secret).update(`${id}.${time}.`).update(body).digest();
  const isSigned = String(signatures)
    .split(' ')
    .some((one) => {
      const given = Buffer.from(one.replace('v1,', ''), 'base64');
      return given.length === mine.length && timingSafeEqual(given, mine);
    });
  const isFresh = Math.abs(Date.now() / 1000 - Number(time)) <= 300;
  if (!isSigned || !isFresh) return 401;
  if (!seen.has(id)) process.stdout.write(`${id} ${JSON.parse(body).type}\n`);
  seen.add(id); // a notice may come twice
  return 204;
}

const server = createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    () => response.destroy(), // it broke off
  );
});
server.listen(process.env.PORT ?? 9000, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
