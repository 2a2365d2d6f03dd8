-- Tables, row security and grants. `{{app_role}}` is the application's role; the owner runs this.
-- Identifiers compare by code point ("C"): faster, and the same on every server.

revoke all on schema conclave from public;
grant usage on schema conclave to {{app_role}};

create table conclave.tenants (
  tenant_id text collate "C" primary key,
  name text not null,
  created_at timestamptz not null default now()
);

create table conclave.api_keys (
  key_sha256 bytea primary key check (length(key_sha256) = 32),
  tenant_id text collate "C" not null references conclave.tenants,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

create table conclave.agents (
  tenant_id text collate "C" not null,
  name text collate "C" not null,
  spec json not null,
  ordinal bigint generated always as identity,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, name)
);

-- Narrow on purpose: a status change writes the whole row again. What never changes is in collaboration_requests.
create table conclave.collaborations (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  pattern text collate "C" not null,
  status text collate "C" not null check (
    status in ('queued', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')
  ),
  simulated boolean not null,
  question text not null check (length(question) <= 200),
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  decision json,
  record_sha256 text,
  transcript_sha256 text,
  primary key (tenant_id, id)
) with (fillfactor = 80);
create index collaborations_by_time on conclave.collaborations (tenant_id, created_at, id);
create index collaborations_by_pattern on conclave.collaborations (tenant_id, pattern, created_at, id);
-- Nearly every run is completed: finding those needs no index, finding the others does.
create index collaborations_by_status on conclave.collaborations (status, tenant_id, created_at, id)
  where status <> 'completed';

create table conclave.collaboration_requests (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  request json not null,
  plan json not null,
  estimate json not null,
  primary key (tenant_id, collaboration_id)
);

create table conclave.idempotency_keys (
  tenant_id text collate "C" not null,
  key text collate "C" not null,
  request_sha256 text not null,
  collaboration_id text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);

create table conclave.artifacts (
  tenant_id text collate "C" not null,
  sha256 text collate "C" not null check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes bigint not null check (bytes >= 0),
  media_type text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, sha256)
);

create table conclave.messages (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  id text collate "C" not null,
  author text not null,
  text text not null,
  created_at timestamptz not null,
  primary key (tenant_id, collaboration_id, id)
);

-- Head of each stream; its lock orders everything that happens to a run.
create table conclave.streams (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  seq integer not null default 0,
  hash bytea not null default decode(repeat('00', 32), 'hex'),
  primary key (tenant_id, id)
) with (fillfactor = 50);

-- No foreign keys or checks on the hot tables below: their rows are written by our functions alone, under the lock of
-- the head row, and the server would read every check anew for every statement.
-- `data` is json, not jsonb, so that the bytes that were hashed are the bytes that are kept.
create table conclave.events (
  tenant_id text collate "C" not null,
  stream_id text collate "C" not null,
  seq integer not null,
  id text collate "C" not null,
  type text collate "C" not null,
  source text collate "C" not null,
  subject text collate "C" not null,
  time timestamptz(3) not null,
  data json not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (tenant_id, stream_id, seq),
  unique (tenant_id, stream_id, id)
) with (autovacuum_vacuum_insert_scale_factor = 0.1);

create table conclave.budgets (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  limit_tokens bigint,
  limit_micros bigint,
  reserved_tokens bigint not null default 0,
  reserved_micros bigint not null default 0,
  settled_tokens bigint not null default 0,
  settled_micros bigint not null default 0,
  primary key (tenant_id, collaboration_id)
) with (fillfactor = 50);

-- The fact of a settled turn is its event: `settled_seq` says which, so that nothing is kept twice.
-- Task, round and seat are in the name of the turn.
create table conclave.turns (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  turn text collate "C" not null,
  state text collate "C" not null, -- in-flight, settled, cancelled or released
  attempts integer not null default 0,
  settled_seq integer,
  reserved_tokens bigint not null default 0,
  reserved_micros bigint not null default 0,
  started_at timestamptz,
  settled_at timestamptz,
  account text collate "C",
  worker_id text collate "C",
  workflow_id text,
  run_id text,
  task_token bytea,
  primary key (tenant_id, collaboration_id, turn)
) with (fillfactor = 70);
-- Small for ever: a turn leaves it when it is settled, so neither slots nor takeovers cost more with more history.
create index turns_open on conclave.turns (account, worker_id)
  where state = 'in-flight' or (state = 'cancelled' and settled_seq is null and worker_id is not null);
-- A few bytes per 128 pages, and no hindrance to HOT updates; for "settled within the last minute".
create index turns_by_settling on conclave.turns using brin (settled_at);

create table conclave.provider_accounts (
  account text collate "C" primary key,
  state text not null default 'closed' check (state in ('closed', 'open', 'half-open')),
  failures integer not null default 0,
  open_ms integer not null default 0,
  open_until timestamptz,
  probe_until timestamptz,
  blocked_until timestamptz,
  -- Calls begun, in 13 slots of 5 s used in a circle: the last whole minute is always among them.
  slots integer[] not null default array_fill(0, array[13]),
  slot bigint not null default 0
) with (fillfactor = 50);

create table conclave.workers (
  worker_id text collate "C" primary key,
  lock_key bigint not null,
  task_queue text not null,
  started_at timestamptz not null default now()
);

do $$
declare
  v_table text;
  v_own text := 'tenant_id = nullif(current_setting(''conclave.tenant'', true), '''')';
begin
  for v_table in
    select c.relname from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'conclave'::regnamespace and c.relkind in ('r', 'p')
  loop
    execute format('alter table conclave.%I enable row level security', v_table);
    execute format('alter table conclave.%I force row level security', v_table);
    -- Without the setting the comparison is with null: nothing is visible, nothing can be written. In a session that
    -- had it before, an unset setting is the empty text.
    execute format('create policy tenant_wall on conclave.%I using (%s) with check (%s)', v_table, v_own, v_own);
  end loop;
  -- The walls stand for the owner too. These are the tables that its functions must see across tenants.
  foreach v_table in array array['tenants', 'api_keys', 'collaborations', 'turns', 'budgets', 'streams'] loop
    execute format('create policy owner_crosses on conclave.%I to current_user using (true) with check (true)', v_table);
  end loop;
  -- lz4 is quicker and not in every build of the server.
  begin
    alter table conclave.events alter column data set compression lz4;
    alter table conclave.collaboration_requests alter column request set compression lz4;
    alter table conclave.messages alter column text set compression lz4;
  exception when feature_not_supported then null;
  end;
end
$$;

grant select, insert, update on
  conclave.agents, conclave.collaborations, conclave.streams, conclave.budgets, conclave.turns to {{app_role}};
grant select, insert on
  conclave.collaboration_requests, conclave.idempotency_keys, conclave.artifacts, conclave.messages, conclave.events
  to {{app_role}};
