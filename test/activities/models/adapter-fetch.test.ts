import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { answerBytesMax } from '../../../activities/models/adapter-call.ts';
import { contractRequest } from '../../../activities/models/contract/scene.ts';
import type { AdapterCall } from '../../../domain/providers/adapter.ts';
import { faultOf } from '../../support/providers.ts';
import { adapterHouse, forever, good } from './adapter-house.ts';
import type { AdapterHouse } from './adapter-house.ts';

let house: AdapterHouse;

beforeEach(async () => {
  house = await adapterHouse();
});

afterEach(() => house.close());

describe('the fetch of an adapter', () => {
  test('goes to no host that is not allowed, and follows no redirect', async () => {
    house.answer = (response) => response.writeHead(302, { location: '/other' }).end();

    const elsewhere = await house.faultFrom((_request, call) =>
      call.fetch('http://other.example/'),
    );
    const redirected = await house.faultFrom((_request, call) => call.fetch(house.url));

    expect(elsewhere).toMatchObject({ code: 'host-not-allowed', disposition: 'never' });
    expect(redirected).toMatchObject({ code: 'bad-request', status: 302 });
    expect(house.requests).toEqual(['/']);
  });

  test('does not take what is no URL', async () => {
    expect(await house.faultFrom((_request, call) => call.fetch('/say'))).toMatchObject({
      code: 'bad-request',
      disposition: 'never',
    });
  });

  test('stops reading an answer without end', async () => {
    const chunk = Buffer.alloc(1_000_000);
    house.answer = (response) => {
      for (let sent = 0; sent <= answerBytesMax; sent += chunk.length) response.write(chunk);
    };

    const fault = await house.faultFrom(async (_request, call) => {
      const response = await call.fetch(house.url);
      return { ...good, text: await response.text() };
    });

    expect(fault).toMatchObject({ code: 'malformed', disposition: 'never' });
    expect(fault.message).toContain(String(answerBytesMax));
  });

  test('ends with the call, and cannot be used after it', async () => {
    const closed = Promise.withResolvers<undefined>();
    house.answer = (response) => {
      response.on('close', () => {
        closed.resolve(undefined);
      });
    };
    let call: AdapterCall | undefined;
    const connector = house.connectorOf((_request, given) => {
      call = given;
      void given.fetch(house.url);
      return forever;
    });
    const controller = new AbortController();
    const asked = faultOf(connector.ask(contractRequest({ signal: controller.signal })));
    await until(() => house.requests.length === 1);

    controller.abort();

    expect((await asked).code).toBe('cancelled');
    await closed.promise;
    expect(await faultOf(call?.fetch(house.url) ?? forever)).toMatchObject({ code: 'cancelled' });
    expect(house.requests).toHaveLength(1);
  });
});

/** Looks until something holds; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
