import type postgres from 'postgres';

/** Tables in which a finished debate leaves rows, with the column that names the run. */
const TABLES = [
  ['collaborations', 'id'],
  ['collaboration_requests', 'collaboration_id'],
  ['idempotency_keys', 'collaboration_id'],
  ['streams', 'id'],
  ['events', 'stream_id'],
  ['budgets', 'collaboration_id'],
  ['turns', 'collaboration_id'],
] as const;

const ARTIFACTS_PER_DEBATE = 2;

/**
 * Fills a database with copies of one finished debate, so that it holds as many as asked for: every row that a real
 * one leaves, under ids of their own that are older than anything to come. Their hashes do not fit, which nothing
 * here looks at. Then the server is brought to rest: statistics fresh, everything written.
 */
export async function fillWithCopies(sql: postgres.Sql, finished: number): Promise<void> {
  const [template] = await sql<{ id: string; known: number }[]>`
    select min(id) as id, count(*)::integer as known from conclave.collaborations`;
  if (template === undefined) throw new Error('there is no debate to copy');
  const copies = finished - template.known;
  await sql.begin(async (transaction) => {
    await transaction`select set_config('conclave.tenant', 'local', true)`;
    for (const [table, column] of TABLES) {
      await copyRows(transaction, { table, column, id: template.id, copies });
    }
    await transaction`
      insert into conclave.artifacts (tenant_id, sha256, bytes, media_type)
      select 'local', encode(sha256(convert_to('copy ' || n, 'UTF8')), 'hex'), 9000, 'application/json'
      from generate_series(1, ${copies * ARTIFACTS_PER_DEBATE}::integer) n`;
  });
  await settle(sql);
}

/** Fresh statistics, no dead rows, everything on disk: two databases that went through it can be compared. */
export async function settle(sql: postgres.Sql): Promise<void> {
  await sql`vacuum analyze`;
  await sql`checkpoint`;
}

async function copyRows(
  sql: postgres.TransactionSql,
  from: { table: string; column: string; id: string; copies: number },
): Promise<void> {
  const { table, column, id, copies } = from;
  const columns = await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = ${`conclave.${table}`}::regclass and attnum > 0 and not attisdropped and attgenerated = ''`;
  const values = columns.map(({ name }) => {
    if (name === column) return copyId;
    return name === 'key' ? `'copy ' || n` : `t.${name}`;
  });
  await sql.unsafe(
    `insert into conclave.${table} (${columns.map(({ name }) => name).join(', ')})
     select ${values.join(', ')} from generate_series(1, $2::integer) n
     cross join conclave.${table} t where t.tenant_id = 'local' and t.${column} = $1 order by n`,
    [id, copies],
  );
}

/** Ids that sort before real ones, as older runs do. */
const copyId = `'c_0' || lpad(n::text, 25, '0')`;
