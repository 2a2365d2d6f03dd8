import assert from 'node:assert/strict';

import {
  assertFields,
  contractRequest,
  faultOf,
  type ContractScene,
  type ContractTraits,
  type SceneCase,
} from './scene.ts';

const schema = {
  name: 'position',
  jsonSchema: {
    type: 'object',
    properties: { answer: { type: 'string', enum: ['yes', 'no'] }, abstain: { type: 'boolean' } },
    required: ['answer', 'abstain'],
    additionalProperties: false,
  },
};

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = { kind: 'image', mediaType: 'image/png', base64: pixel, stable: true } as const;

/** What comes back when all is well. */
export const replyCases: readonly SceneCase[] = [
  {
    title: 'gives the text, the finish and the model of a plain reply',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const reply = await connector().ask(contractRequest());

      assert.match(reply.text, /^\[simulated\] sim-tested has read \d+ characters and 0 images/);
      assertFields(reply, { finish: 'stop', model: 'sim-tested' });
    },
  },
  {
    title: 'streams the reply piece by piece',
    isFor: ({ streams }: ContractTraits): boolean => streams,
    check: async ({ connector }: ContractScene): Promise<void> => {
      const pieces: string[] = [];
      const onText = (text: string): void => {
        pieces.push(text);
      };

      const reply = await connector().ask(contractRequest({ onText }));

      assert.ok(pieces.length > 1, `it came in ${pieces.length} pieces`);
      assert.equal(pieces.join(''), reply.text);
    },
  },
  {
    title: 'has a reply follow the schema',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const { text } = await connector().ask(contractRequest({ schema }));

      assert.match(text, /^\{"answer":"(yes|no)","abstain":false\}$/);
    },
  },
  {
    title: 'puts the schema into the prompt of a model without structured output',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const plain = connector({ capabilities: { structuredOutput: false } });

      const { text } = await plain.ask(contractRequest({ schema }));

      assert.equal((JSON.parse(text) as { abstain: unknown }).abstain, false);
    },
  },
  {
    title: 'sends images',
    isFor: ({ seesImages }: ContractTraits): boolean => seesImages,
    check: async ({ connector }: ContractScene): Promise<void> => {
      const parts = [...contractRequest().parts, image];
      const seeing = connector({ capabilities: { vision: true } });

      assert.match((await seeing.ask(contractRequest({ parts }))).text, /1 images/);
    },
  },
  {
    title: 'refuses an image before the call where vision is not declared',
    check: async ({ connector, calls }: ContractScene): Promise<void> => {
      const blind = connector({ capabilities: { vision: false } });

      const fault = await faultOf(blind.ask(contractRequest({ parts: [image] })));

      assertFields(fault, { code: 'bad-request', disposition: 'never' });
      assert.equal((await calls()).length, 0);
    },
  },
  {
    title: 'sends the system prompt apart from the text',
    isFor: ({ takesSystem }: ContractTraits): boolean => takesSystem,
    check: async ({ connector }: ContractScene): Promise<void> => {
      const model = 'sim-apart';
      const system = 'Be short. '.repeat(40);
      const alone = await connector({ model }).ask(contractRequest({ system: '' }));
      const both = await connector({ model }).ask(contractRequest({ system }));

      assert.equal(both.text, alone.text);
      assert.equal(both.usage.inputTokens, (alone.usage.inputTokens ?? 0) + 100);
    },
  },
  {
    title: 'counts tokens, and those of a repeated beginning as cached',
    check: async ({ connector, traits }: ContractScene): Promise<void> => {
      const text = 'a long beginning '.repeat(100);
      const request = contractRequest({ parts: [{ kind: 'text', text, stable: true }] });
      await connector().ask(request);

      const { usage } = await connector().ask(request);

      assert.ok((usage.inputTokens ?? 0) > 400, `${usage.inputTokens} tokens in`);
      assert.ok((usage.outputTokens ?? 0) > 0, `${usage.outputTokens} tokens out`);
      if (traits.countsCached) assert.ok((usage.cachedTokens ?? 0) >= 384, 'none was cached');
      else assert.equal(usage.cachedTokens, null);
    },
  },
  {
    title: 'says of usage that was not reported that it is unknown',
    check: async ({ connector, traits }: ContractScene): Promise<void> => {
      const { usage } = await connector({ model: 'sim-no-usage' }).ask(contractRequest());

      const count = traits.alwaysCounts ? 0 : null;
      assertFields(usage, { inputTokens: count, cachedTokens: null, outputTokens: count });
    },
  },
  {
    title: 'names a cut-off, and a refusal where the provider has a word for it',
    check: async ({ connector, traits }: ContractScene): Promise<void> => {
      const cutOff = await connector({ model: 'sim-cutoff' }).ask(contractRequest());
      const refusal = await connector({ model: 'sim-refusal' }).ask(contractRequest());

      assert.equal(cutOff.finish, 'length');
      assert.equal(refusal.finish, traits.knowsRefusal ? 'refusal' : 'stop');
    },
  },
];
