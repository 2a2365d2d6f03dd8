import { registerHooks, stripTypeScriptTypes } from 'node:module';

/** A program with all its modules, as text: whoever has it needs no file. */
export interface RecordedProgram {
  /** The module that was asked for, by its URL. */
  readonly entry: string;
  /** By {@link linkKey}: the URL that an import in a module leads to. */
  readonly links: Readonly<Record<string, string>>;
  /** By URL: JavaScript. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Separates the importing module from what it imports; neither holds a blank. */
const linkSeparator = ' ';

/**
 * Loads a module and keeps the text of everything that it imports, but for what is built into Node. The modules
 * must not have been loaded before.
 *
 * @param entry - URL of the module
 * @returns the program, to be started in threads by {@link programLoader}
 * @throws Error when one of them had been loaded
 */
export async function recordProgram(entry: string): Promise<RecordedProgram> {
  const links: Record<string, string> = {};
  const sources: Record<string, string> = {};
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      links[`${context.parentURL ?? ''}${linkSeparator}${specifier}`] = resolved.url;
      return resolved;
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const text = textOf(loaded.source);
      if (text !== undefined) {
        sources[url] = loaded.format === 'module-typescript' ? stripTypeScriptTypes(text) : text;
      }
      return loaded;
    },
  });
  await import(entry);
  hooks.deregister();
  const unread = Object.values(links).find((url) => !url.startsWith('node:') && !(url in sources));
  if (unread !== undefined) throw new Error(`recorded program: ${unread} was loaded before`);
  return { entry, links, sources };
}

/** Modules that are built into Node have no text. */
function textOf(source: unknown): string | undefined {
  if (typeof source === 'string') return source;
  return source instanceof Uint8Array ? Buffer.from(source).toString() : undefined;
}

/**
 * The first script of a thread, as text: it takes modules from `workerData.program` and calls the function
 * `serveSnippets` of the entry.
 */
export const programLoader = `
const { registerHooks } = require('node:module');
const { parentPort, workerData } = require('node:worker_threads');
const { entry, links, sources } = workerData.program;
registerHooks({
  resolve: (specifier, context, next) => {
    const url = specifier === entry ? entry : links[context.parentURL + '${linkSeparator}' + specifier];
    return url in sources ? { url, format: 'module', shortCircuit: true } : next(specifier, context);
  },
  load: (url, context, next) =>
    url in sources ? { format: 'module', source: sources[url], shortCircuit: true } : next(url, context),
});
import(entry).then(({ serveSnippets }) => serveSnippets(parentPort, workerData.engine));
`;
