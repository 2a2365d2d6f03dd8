import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';

import { protocolKinds } from '../../../domain/protocols/protocol.ts';
import type { Protocol } from '../../../domain/protocols/protocol.ts';
import { protocolSchema } from '../../../domain/protocols/protocol-schema.ts';

/** Writes a type out, so that an interface looks like what a schema infers. */
type Flat<T> = T extends unknown ? { [Key in keyof T]: T[Key] } : never;

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- Two deferred conditional types
   are assignable only if their bounds are identical; named, they would be compared by variance. */
type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

describe('protocolSchema', () => {
  test('has exactly the type that the rules are written for', () => {
    const isSame: Same<z.infer<typeof protocolSchema>, Flat<Protocol>> = true;

    expect(isSame).toBe(true);
  });

  test('knows every kind', () => {
    const kinds = protocolSchema.options.map((option) => option.unwrap().shape.kind.value);

    expect(kinds).toEqual(protocolKinds);
  });

  test.each<[unknown, Protocol]>([
    [{ kind: 'plurality' }, { kind: 'plurality' }],
    [{ kind: 'ranked' }, { kind: 'ranked', method: 'schulze' }],
    [
      { kind: 'ranked', method: 'instant-runoff' },
      { kind: 'ranked', method: 'instant-runoff' },
    ],
    [{ kind: 'supermajority' }, { kind: 'supermajority', share: 2 / 3 }],
    [
      { kind: 'supermajority', share: 0.75, of: 'seats' },
      { kind: 'supermajority', share: 0.75, of: 'seats' },
    ],
    [
      { kind: 'quorum', required: 3, veto: true },
      { kind: 'quorum', required: 3, veto: true },
    ],
    [
      { kind: 'judge', judge: 'critic' },
      { kind: 'judge', judge: 'critic' },
    ],
  ])('reads %j as %j', (input, protocol) => {
    expect(protocolSchema.parse(input)).toEqual(protocol);
  });

  test.each([
    [{}, 'kind'],
    [{ kind: 'lottery' }, 'kind'],
    [{ kind: 'plurality', tieBreak: 'chance' }, ''],
    [{ kind: 'ranked', method: 'borda' }, 'method'],
    [{ kind: 'quorum' }, 'required'],
    [{ kind: 'quorum', required: 0 }, 'required'],
    [{ kind: 'quorum', required: 1.5 }, 'required'],
    [{ kind: 'supermajority', share: 0.4 }, 'share'],
    [{ kind: 'supermajority', share: 66 }, 'share'],
    [{ kind: 'supermajority', share: 0.6, of: 'people' }, 'of'],
    [{ kind: 'judge', judge: '' }, 'judge'],
  ])('refuses %j at "%s"', (input, field) => {
    const result = protocolSchema.safeParse(input);

    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([field]);
  });
});
