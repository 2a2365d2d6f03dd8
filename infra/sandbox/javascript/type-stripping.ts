import { SourceMap, stripTypeScriptTypes } from 'node:module';
import type { SourceMapPayload } from 'node:module';

/** A place in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** JavaScript made of TypeScript, or why there is none. */
export type Stripping =
  | {
      readonly kind: 'stripped';
      readonly code: string;
      /** From a place in the JavaScript to the place in the snippet. */
      readonly origin: (position: Position) => Position;
    }
  | { readonly kind: 'invalid'; readonly message: string; readonly position: Position | null }
  /** The parser's stack was exhausted; its module is not to be used again. */
  | { readonly kind: 'exhausted' };

/**
 * Takes the types out of a snippet. They become blanks, so that lines and columns stay; only what makes code
 * (an enum, a namespace, a parameter property) is rewritten, with a map back. Node's own stripper does it: it
 * is WebAssembly, so hostile nesting ends in a fault of this thread and never of the process.
 *
 * @param code - TypeScript or JavaScript
 * @returns JavaScript, or what is wrong
 */
export function stripTypes(code: string): Stripping {
  try {
    const stripped = stripTypeScriptTypes(code, { mode: 'strip' });
    return { kind: 'stripped', code: stripped, origin: (position) => position };
  } catch (error) {
    if (codeOf(error) === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return transformed(code);
    return faultOf(error);
  }
}

const mapComment = '//# sourceMappingURL=data:application/json;base64,';

function transformed(code: string): Stripping {
  try {
    const output = stripTypeScriptTypes(code, { mode: 'transform', sourceMap: true });
    const at = output.lastIndexOf(mapComment);
    const json = Buffer.from(output.slice(at + mapComment.length), 'base64').toString();
    const map = new SourceMap(JSON.parse(json) as SourceMapPayload);
    return { kind: 'stripped', code: output.slice(0, at), origin: (place) => mapped(map, place) };
  } catch (error) {
    return faultOf(error);
  }
}

function mapped(map: SourceMap, { line, column }: Position): Position {
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalLine' in entry)) return { line, column };
  return { line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function faultOf(error: unknown): Stripping {
  if (!(error instanceof Error) || !(codeOf(error) ?? '').endsWith('_TYPESCRIPT_SYNTAX')) {
    return { kind: 'exhausted' };
  }
  return { kind: 'invalid', message: error.message, position: positionIn(error.stack ?? '') };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Node tells the place only in the stack's head: `:line`, source lines, and a line with carets below the place. */
function positionIn(stack: string): Position | null {
  const line = /^:(\d+)\n/.exec(stack)?.[1];
  const carets = /\n( *)\^+\n/.exec(stack)?.[1];
  if (line === undefined || carets === undefined) return null;
  return { line: Number(line), column: carets.length + 1 };
}
