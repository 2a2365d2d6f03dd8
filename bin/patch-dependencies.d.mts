/**
 * Patches every file that a patch below a folder names; what is patched already stays as it is.
 *
 * @param root - folder with `patches/` and `node_modules/`; the project's unless given
 * @throws Error naming the first patch that does not fit
 */
export function patchDependencies(root?: string): void;
