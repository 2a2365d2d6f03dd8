import type postgres from 'postgres';

/** What was written between two looks at a server. */
export interface Growth {
  readonly walBytes: number;
  /** Of those, whole pages written after a checkpoint. */
  readonly walPageImages: number;
  readonly commits: number;
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
}

interface Look {
  readonly images: string;
  readonly commits: string;
  readonly inserted: string;
  readonly updated: string;
}

/** Sessions report what they did at the latest after this time without work. */
const REPORTED_AFTER_MS = 10_500;

/** Begins to count what a server writes to its log, bytes; the function it gives tells what came since. */
export async function countWal(sql: postgres.Sql): Promise<() => Promise<number>> {
  const [start] = await sql<{ lsn: string }[]>`select pg_current_wal_insert_lsn()::text as lsn`;
  const lsn = start?.lsn ?? '';
  return async () => {
    const [row] = await sql<{ bytes: string }[]>`
      select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), ${lsn}::pg_lsn)::text as bytes`;
    return Number(row?.bytes);
  };
}

/** Begins to count what a server writes; the function it gives tells what came since. */
export async function countGrowth(sql: postgres.Sql): Promise<() => Promise<Growth>> {
  await reported();
  const before = await look(sql);
  const wal = await countWal(sql);
  return async () => {
    const walBytes = await wal(); // first: waiting for reports would count what the idle server writes
    await reported();
    const now = await look(sql);
    return {
      walBytes,
      walPageImages: Number(now.images) - Number(before.images),
      commits: Number(now.commits) - Number(before.commits),
      rowsInserted: Number(now.inserted) - Number(before.inserted),
      rowsUpdated: Number(now.updated) - Number(before.updated),
    };
  };
}

async function look(sql: postgres.Sql): Promise<Look> {
  const [row] = await sql<Look[]>`
    select w.wal_fpi::text as images, d.xact_commit::text as commits,
      d.tup_inserted::text as inserted, d.tup_updated::text as updated
    from pg_stat_wal w, pg_stat_database d where d.datname = current_database()`;
  if (row === undefined) throw new Error('the server keeps no statistics of this database');
  return row;
}

async function reported(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, REPORTED_AFTER_MS));
}
