-- Runs in a sandbox, one row each, for lists and for whoever looks after them. The ledger is the truth: a row follows
-- from the events of its stream, in their transaction, whoever appends them.

create table conclave.sandbox_runs (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  lane text collate "C" not null,
  status text collate "C" not null default 'queued', -- queued, running, or how it ended
  request_sha256 text collate "C" not null, -- artifact of the request
  time_ms integer not null, -- longest that it may take
  attempts integer not null default 0,
  worker_id text collate "C", -- who has it; null when nobody does
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  cancelled_at timestamptz(3), -- when somebody wanted it ended
  ended_at timestamptz(3),
  primary key (tenant_id, id)
) with (fillfactor = 70);
create index sandbox_runs_by_time on conclave.sandbox_runs (tenant_id, created_at, id);
-- Few have not ended at any time, and these are looked for across tenants.
create index sandbox_runs_open on conclave.sandbox_runs (created_at, id) where ended_at is null;

alter table conclave.sandbox_runs enable row level security;
alter table conclave.sandbox_runs force row level security;
create policy tenant_wall on conclave.sandbox_runs
  using (tenant_id = nullif(current_setting('conclave.tenant', true), ''))
  with check (tenant_id = nullif(current_setting('conclave.tenant', true), ''));
create policy owner_crosses on conclave.sandbox_runs to current_user using (true) with check (true);
grant select, insert, update on conclave.sandbox_runs to {{app_role}};

-- A tenant runs code only where that was granted.
alter table conclave.tenants add column may_run_code boolean not null default false;

create function conclave.tenant_may_run_code(p_tenant text) returns boolean
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
return coalesce((select t.may_run_code from conclave.tenants t where t.tenant_id = p_tenant), false);

create function conclave.sandbox_run_follow() returns trigger
language plpgsql as $$
begin
  if new.type = 'conclave.sandbox.requested.v1' then
    insert into conclave.sandbox_runs (tenant_id, id, lane, request_sha256, time_ms, created_at)
    values (new.tenant_id, new.stream_id, new.data ->> 'lane', new.data #>> '{request,artifact}',
      (new.data #>> '{limits,timeMs}')::integer, new.time)
    on conflict do nothing;
  elsif new.type = 'conclave.sandbox.started.v1' then
    update conclave.sandbox_runs set status = 'running', worker_id = new.data ->> 'worker', attempts = attempts + 1,
      started_at = coalesce(started_at, new.time)
    where tenant_id = new.tenant_id and id = new.stream_id and ended_at is null;
  elsif new.type = 'conclave.sandbox.cancelled.v1' then
    update conclave.sandbox_runs set cancelled_at = new.time
    where tenant_id = new.tenant_id and id = new.stream_id and ended_at is null;
    -- Whoever has it hears of it at once.
    perform pg_notify('conclave_cancelled', new.tenant_id || ' ' || new.stream_id || ' run');
  else
    update conclave.sandbox_runs set status = new.data ->> 'status', worker_id = null, ended_at = new.time
    where tenant_id = new.tenant_id and id = new.stream_id and ended_at is null;
  end if;
  return null;
end
$$;

create trigger sandbox_run_follows after insert on conclave.events for each row
when (new.type in ('conclave.sandbox.requested.v1', 'conclave.sandbox.started.v1', 'conclave.sandbox.cancelled.v1',
  'conclave.sandbox.ended.v1'))
execute function conclave.sandbox_run_follow();

-- Runs that have not ended, of all tenants, oldest first, after the last one of the page before.
create function conclave.sandbox_runs_open(p_created_at timestamptz, p_id text, p_limit integer)
returns table (
  tenant_id text, id text, lane text, status text, time_ms integer, worker_id text, created_at timestamptz
)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select r.tenant_id, r.id, r.lane, r.status, r.time_ms, r.worker_id, r.created_at from conclave.sandbox_runs r
  where r.ended_at is null and (r.created_at, r.id) > (coalesce(p_created_at, '-infinity'), coalesce(p_id, ''))
  order by r.created_at, r.id limit p_limit;
end;

revoke execute on function conclave.sandbox_run_follow() from public;
revoke execute on function conclave.tenant_may_run_code(text) from public;
revoke execute on function conclave.sandbox_runs_open(timestamptz, text, integer) from public;
grant execute on function conclave.tenant_may_run_code(text) to {{app_role}};
grant execute on function conclave.sandbox_runs_open(timestamptz, text, integer) to {{app_role}};
