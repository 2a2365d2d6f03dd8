import { readdirSync, readFileSync } from 'node:fs';

/** Lists the command lines of all processes that were started with this folder in their arguments or environment. */
export function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const [command, environment] = [textOf(pid, 'cmdline'), textOf(pid, 'environ')];
      const isOfFolder = command.includes(folder) || environment.includes(folder);
      return isOfFolder ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
    });
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
