/**
 * Makes the question whether a path of the host is one of these folders, or lies in one.
 *
 * @param folders - absolute, without `.`, `..` and `/` at their ends
 */
export function isInFolders(folders: readonly string[]): (path: string) => boolean {
  return (path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
