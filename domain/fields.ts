import { z } from 'zod';

// Every message is the `expected` half of a fault; whoever reports it adds where and what came.

/** A field that may be absent; JSON cannot carry `undefined`, so the type does not either. */
export function maybe<T extends z.ZodType>(schema: T): z.ZodExactOptional<T> {
  // `exactOptional` itself is published as a required field by the OpenAPI generator.
  return schema.optional() as unknown as z.ZodExactOptional<T>;
}

/** An object without other fields than these. */
export function only<T extends z.ZodRawShape>(
  shape: T,
): z.ZodReadonly<z.ZodObject<T, z.core.$strict>> {
  return z.strictObject(shape, { error: onlyKnown(Object.keys(shape)) }).readonly();
}

/** Says what an object with fields of its own invention should have had. */
export function onlyKnown(names: readonly string[]): (issue: { code?: string }) => string {
  return (issue) =>
    issue.code === 'unrecognized_keys' ? `one of the fields ${names.join(', ')}` : 'an object';
}

/** One of these words. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  names: T,
): z.ZodEnum<{ [Name in T[number]]: Name }> {
  return z.enum(names, { error: `one of ${names.join(', ')}` });
}
