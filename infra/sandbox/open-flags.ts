/** A flag of open(2) that Node does not name: opened only to be named, neither read nor written by it. */
export const O_PATH = 0o10000000;
