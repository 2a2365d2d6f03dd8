-- Webhooks: who wants to be told of which events, and what is still to be told to whom. A delivery is written with the
-- event that it tells of, in one transaction, so that none is lost and none tells of what did not happen.

create table conclave.webhooks (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  url text not null check (length(url) <= 2000),
  -- Types of events, or `*` alone for all of them.
  events text[] not null,
  description text,
  state text collate "C" not null default 'active' check (state in ('active', 'off', 'deleted')),
  state_since timestamptz not null default now(),
  -- Both sealed: what is here opens nothing without the signing key of the data folder.
  secret bytea not null,
  previous_secret bytea,
  previous_until timestamptz,
  failures integer not null default 0, -- tries that failed since the last one that did not
  failing_since timestamptz, -- when the first of those was
  resting_until timestamptz, -- the receiver asked to be left alone
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
) with (fillfactor = 70);
create index webhooks_ended on conclave.webhooks (state) where state <> 'active';

-- `due_at` of a pending delivery: when it is tried next; while it is claimed: when the claim lapses. Those who change many
-- or under load name rows by `ordinal` or `ctid`: before the first ANALYZE the planner takes any index that begins with
-- tenant and webhook for as good as the primary key, and reads all of a webhook for each row.
create table conclave.webhook_deliveries (
  tenant_id text collate "C" not null,
  webhook_id text collate "C" not null,
  id text collate "C" not null,
  ordinal bigint generated always as identity unique,
  type text collate "C" not null,
  stream_id text collate "C", -- with seq: the event; both null for a test
  seq integer,
  state text collate "C" not null default 'pending', -- pending, delivered or dead
  tries integer not null default 0,
  due_at timestamptz not null default now(),
  claim text,
  created_at timestamptz not null default now(),
  tried_at timestamptz,
  took_ms integer,
  ended_at timestamptz,
  status integer,
  error text,
  answer text,
  primary key (tenant_id, webhook_id, id)
) with (fillfactor = 70);
create index webhook_deliveries_pending on conclave.webhook_deliveries (tenant_id, webhook_id, due_at, ordinal)
  where state = 'pending';
create index webhook_deliveries_claimed on conclave.webhook_deliveries (tenant_id, webhook_id) where claim is not null;
create index webhook_deliveries_dead on conclave.webhook_deliveries (tenant_id, webhook_id, ordinal) where state = 'dead';
create index webhook_deliveries_listed on conclave.webhook_deliveries (tenant_id, webhook_id, ordinal);
create index webhook_deliveries_ended on conclave.webhook_deliveries (state, ended_at) where state <> 'pending';

do $$
declare
  v_table text;
  v_own text := 'tenant_id = nullif(current_setting(''conclave.tenant'', true), '''')';
begin
  foreach v_table in array array['webhooks', 'webhook_deliveries'] loop
    execute format('alter table conclave.%I enable row level security', v_table);
    execute format('alter table conclave.%I force row level security', v_table);
    execute format('create policy tenant_wall on conclave.%I using (%s) with check (%s)', v_table, v_own, v_own);
    -- Whoever sends, sends for all tenants: its functions below.
    execute format('create policy owner_crosses on conclave.%I to current_user using (true) with check (true)', v_table);
  end loop;
end
$$;

grant select, insert, update on conclave.webhooks, conclave.webhook_deliveries to {{app_role}};

-- Writes down what is to be told of the events of a stream from after `p_before` up to `p_last`. The same event has the
-- same id for every webhook, derived from its place, so that a receiver can tell what it has had already.
create function conclave.webhooks_tell(p_tenant text, p_stream text, p_before integer, p_last integer) returns void
language plpgsql as $$
begin
  insert into webhook_deliveries (tenant_id, webhook_id, id, type, stream_id, seq)
  select p_tenant, w.id, 'msg_' || p_stream || '_' || e.seq, e.type, p_stream, e.seq
  from events e
  join webhooks w on w.tenant_id = p_tenant and w.state = 'active' and (w.events = '{*}' or e.type = any (w.events))
  where e.tenant_id = p_tenant and e.stream_id = p_stream and e.seq > p_before and e.seq <= p_last
  order by e.seq;
  if found then perform pg_notify('conclave_webhooks', ''); end if;
end
$$;

-- As before, and tells webhooks: every way into the ledger goes through here. A tenant without webhooks pays for one
-- look at an index.
create or replace function conclave.events_append(
  p_tenant text, p_stream text, p_events jsonb, p_are_new boolean default false
)
returns jsonb
language plpgsql as $$
declare
  v_event jsonb;
  v_seq integer;
  v_before integer;
  v_is_told boolean;
  v_hash bytea;
  v_previous bytea;
  v_known record;
  v_places jsonb := '[]';
begin
  -- Here a missing head is a missing run: only appending and opening make heads.
  select s.seq, s.hash, exists (select from webhooks w where w.tenant_id = p_tenant and w.state = 'active')
  into v_seq, v_hash, v_is_told from streams s where s.tenant_id = p_tenant and s.id = p_stream;
  if not found then
    raise exception 'no stream % of this tenant', p_stream using errcode = 'no_data_found';
  end if;
  v_before := v_seq;
  for v_event in select jsonb_array_elements(p_events) loop
    if not p_are_new then
      select seq, previous_hash, hash into v_known from events
      where tenant_id = p_tenant and stream_id = p_stream and id = v_event ->> 'id';
    end if;
    if not p_are_new and found then
      v_places := v_places || jsonb_build_array(jsonb_build_array(
        v_known.seq, encode(v_known.previous_hash, 'hex'), encode(v_known.hash, 'hex'), true));
      continue;
    end if;
    v_seq := v_seq + 1;
    v_previous := v_hash;
    v_hash := sha256(convert_to(
      '{"data":' || (v_event ->> 'd') || ',"id":' || (v_event ->> 'i')
      || ',"previousHash":"' || encode(v_previous, 'hex') || '","seq":' || v_seq || ',' || (v_event ->> 't'), 'UTF8'));
    insert into events (tenant_id, stream_id, seq, id, type, source, subject, time, data, previous_hash, hash)
    values (p_tenant, p_stream, v_seq, v_event ->> 'id', v_event ->> 'type', v_event ->> 'source',
      v_event ->> 'subject', (v_event ->> 'time')::timestamptz, (v_event ->> 'd')::json, v_previous, v_hash);
    v_places := v_places || jsonb_build_array(jsonb_build_array(
      v_seq, encode(v_previous, 'hex'), encode(v_hash, 'hex'), false));
  end loop;
  if v_seq > v_before then
    update streams set seq = v_seq, hash = v_hash where tenant_id = p_tenant and id = p_stream;
    if v_is_told then perform webhooks_tell(p_tenant, p_stream, v_before, v_seq); end if;
  end if;
  return v_places;
end
$$;

-- Webhooks that something waits for, with the time of what is due first: one step in the index for each of them, however
-- much waits.
create function conclave.webhooks_waiting() returns table (tenant_id text, webhook_id text, due_at timestamptz)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  with recursive waiting as (
    (
      select d.tenant_id, d.webhook_id, d.due_at from conclave.webhook_deliveries d
      where d.state = 'pending' order by d.tenant_id, d.webhook_id, d.due_at limit 1
    )
    union all
    select n.tenant_id, n.webhook_id, n.due_at from waiting w cross join lateral (
      select d.tenant_id, d.webhook_id, d.due_at from conclave.webhook_deliveries d
      where d.state = 'pending' and (d.tenant_id, d.webhook_id) > (w.tenant_id, w.webhook_id)
      order by d.tenant_id, d.webhook_id, d.due_at limit 1
    ) n
  )
  select w.tenant_id, w.webhook_id, w.due_at from waiting w;
end;

-- Hands out what is due, at most `p_limit`, until `p_lease_ms` from now. Of one webhook at most `p_each` are out at a
-- time, over all workers, and of one tenant about `p_tenant`; of one that keeps failing only one, and of all of those
-- together at most `p_failing`: whoever answers late or never holds up nobody else.
create function conclave.webhooks_claim(
  p_claim text, p_limit integer, p_failing integer, p_tenant integer, p_each integer, p_lease_ms integer
)
returns table (
  ordinal bigint, tenant_id text, webhook_id text, id text, type text, tries integer, created_at timestamptz, url text,
  secret bytea, previous_secret bytea, is_failing boolean, stream text, seq integer, event_id text, source text,
  subject text, event_time timestamptz, data json, previous_hash text, hash text
)
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v record;
  v_failing boolean;
  v_room integer;
  v_tenants integer;
  v_count integer;
begin
  for v in
    select q.tenant_id, q.webhook_id from webhooks_waiting() q
    join webhooks w on w.tenant_id = q.tenant_id and w.id = q.webhook_id
    where q.due_at <= now() and w.state = 'active' and coalesce(w.resting_until, now()) <= now()
    order by w.failures >= 3, q.due_at
  loop
    exit when p_limit <= 0;
    -- Who else hands out of this webhook now has counted what is out.
    select w.failures >= 3 into v_failing from webhooks w
    where w.tenant_id = v.tenant_id and w.id = v.webhook_id and w.state = 'active' for update skip locked;
    continue when not found or (v_failing and p_failing <= 0);
    select count(*) filter (where d.webhook_id = v.webhook_id), count(*) into v_count, v_tenants from webhook_deliveries d
    where d.tenant_id = v.tenant_id and d.claim is not null and d.due_at > now();
    v_room := least(p_limit, p_tenant - v_tenants, case when v_failing then 1 else p_each end - v_count);
    continue when v_room <= 0;

    perform set_config('conclave.tenant', v.tenant_id, true); -- events have no door for the owner
    return query
      with chosen as (
        select d.ctid from webhook_deliveries d
        where d.tenant_id = v.tenant_id and d.webhook_id = v.webhook_id and d.state = 'pending' and d.due_at <= now()
        order by d.due_at, d.ordinal limit v_room for update skip locked
      ), claimed as (
        update webhook_deliveries d
        set claim = p_claim, due_at = now() + p_lease_ms * interval '1 millisecond', tries = d.tries + 1
        from chosen c where d.ctid = c.ctid
        returning d.id, d.ordinal, d.type, d.tries, d.created_at, d.stream_id, d.seq
      )
      select c.ordinal, v.tenant_id, v.webhook_id, c.id, c.type, c.tries, c.created_at, w.url, w.secret,
        case when w.previous_until > now() then w.previous_secret end, v_failing, c.stream_id, c.seq, e.id, e.source,
        e.subject, e.time, e.data, encode(e.previous_hash, 'hex'), encode(e.hash, 'hex')
      from claimed c
      join webhooks w on w.tenant_id = v.tenant_id and w.id = v.webhook_id
      left join events e on e.tenant_id = v.tenant_id and e.stream_id = c.stream_id and e.seq = c.seq
      order by c.ordinal;
    get diagnostics v_count = row_count;
    p_limit := p_limit - v_count;
    if v_failing then p_failing := p_failing - v_count; end if;
  end loop;
  perform set_config('conclave.tenant', '', true);
end
$$;

-- For how long nothing becomes due, milliseconds; null when nothing waits. What is due and not handed out waits for
-- another delivery of its webhook to end, and whoever ends one looks again.
create function conclave.webhooks_idle_ms() returns double precision
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select extract(epoch from min(n.at) - now()) * 1000 from conclave.webhooks_waiting() q
  join conclave.webhooks w on w.tenant_id = q.tenant_id and w.id = q.webhook_id and w.state = 'active'
  cross join lateral (
    select case when w.resting_until > now() then w.resting_until else (
      select d.due_at from conclave.webhook_deliveries d
      where d.tenant_id = q.tenant_id and d.webhook_id = q.webhook_id and d.state = 'pending' and d.due_at > now()
      order by d.due_at limit 1
    ) end as at
  ) n;
end;

-- What waits for a webhook that takes nothing more is dead; at most `p_limit` at a time.
create function conclave.webhook_bury(p_tenant text, p_webhook text, p_limit integer) returns integer
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v_count integer;
begin
  update webhook_deliveries set state = 'dead', claim = null, ended_at = now(), error = 'webhook-off'
  where ctid = any (array(
    select o.ctid from webhook_deliveries o
    where o.tenant_id = p_tenant and o.webhook_id = p_webhook and o.state = 'pending'
      and (o.claim is null or o.due_at <= now())
    limit p_limit for update skip locked));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Says what a try came to; false when the claim had lapsed and somebody else has it. A receiver that is gone, or where
-- nothing has succeeded for five days of tries, is sent nothing more, so that what waits for it cannot grow without end.
create function conclave.webhook_settle(p_ordinal bigint, o jsonb) returns boolean
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v_kind text := o ->> 'kind';
  v_rest timestamptz := now() + (o ->> 'restMs')::double precision * interval '1 millisecond';
  v_tenant text;
  v_webhook text;
  v_failing_since timestamptz;
begin
  -- A crash of the server may forget it: then it is sent once more.
  perform set_config('synchronous_commit', 'off', true);
  update webhook_deliveries set
    state = case v_kind when 'delivered' then 'delivered' when 'retry' then 'pending' else 'dead' end,
    claim = null,
    due_at = now() + coalesce((o ->> 'waitMs')::double precision, 0) * interval '1 millisecond',
    tried_at = now(),
    took_ms = (o ->> 'tookMs')::integer,
    ended_at = case when v_kind <> 'retry' then now() end,
    status = (o ->> 'status')::integer,
    error = o ->> 'error',
    answer = o ->> 'answer'
  where ordinal = p_ordinal and claim = o ->> 'claim' returning tenant_id, webhook_id into v_tenant, v_webhook;
  if not found then return false; end if;
  update webhooks set
    failures = case when v_kind = 'delivered' then 0 else failures + 1 end,
    failing_since = case when v_kind <> 'delivered' then coalesce(failing_since, now()) end,
    resting_until = greatest(resting_until, v_rest)
  where tenant_id = v_tenant and id = v_webhook and (v_kind <> 'delivered' or failures > 0)
  returning failing_since into v_failing_since;
  if v_kind = 'gone' or v_failing_since < now() - interval '5 days' then
    update webhooks set state = 'off', state_since = now()
    where tenant_id = v_tenant and id = v_webhook and state = 'active';
    perform webhook_bury(v_tenant, v_webhook, 10000);
  end if;
  return true;
end
$$;

-- Removes what was delivered or has died long ago, and what is left of webhooks that are gone; at most `p_limit` of each
-- kind. Answers how many it found.
create function conclave.webhooks_sweep(p_delivered_s double precision, p_dead_s double precision, p_limit integer)
returns integer
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v record;
  v_count integer;
  v_sum integer := 0;
begin
  for v in values ('delivered', p_delivered_s), ('dead', p_dead_s) loop
    delete from webhook_deliveries where ctid = any (array(
      select o.ctid from webhook_deliveries o
      where o.state = v.column1 and o.ended_at < now() - v.column2 * interval '1 second'
      order by o.ended_at limit p_limit for update skip locked));
    get diagnostics v_count = row_count;
    v_sum := v_sum + v_count;
  end loop;
  for v in
    select w.tenant_id, w.id, w.state, w.state_since from webhooks w
    where w.state <> 'active' and (w.state = 'deleted' or exists (
      select from webhook_deliveries o where o.tenant_id = w.tenant_id and o.webhook_id = w.id and o.state = 'pending'
    ))
    limit 100
  loop
    if v.state = 'off' then
      v_sum := v_sum + webhook_bury(v.tenant_id, v.id, p_limit);
      continue;
    end if;
    delete from webhook_deliveries where ctid = any (array(
      select o.ctid from webhook_deliveries o where o.tenant_id = v.tenant_id and o.webhook_id = v.id
      limit p_limit for update skip locked));
    get diagnostics v_count = row_count;
    v_sum := v_sum + v_count;
    -- Whoever recorded an event while it was deleted may still be about to write a delivery.
    if v_count = 0 and v.state_since < now() - interval '1 minute' then
      delete from webhooks where tenant_id = v.tenant_id and id = v.id;
    end if;
  end loop;
  return v_sum;
end
$$;

-- How much waits and has died, counted up to 100,000, and for how long the oldest has been due, seconds.
create function conclave.webhooks_backlog()
returns table (pending integer, dead integer, overdue_s double precision)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select
    (select count(*)::integer from (
      select from conclave.webhook_deliveries d where d.state = 'pending' limit 100000) p),
    (select count(*)::integer from (
      select from conclave.webhook_deliveries d where d.state = 'dead' limit 100000) x),
    coalesce((
      select greatest(extract(epoch from now() - min(q.due_at)), 0) from conclave.webhooks_waiting() q
      join conclave.webhooks w on w.tenant_id = q.tenant_id and w.id = q.webhook_id and w.state = 'active'
    ), 0);
end;

revoke execute on function
  conclave.webhooks_tell(text, text, integer, integer),
  conclave.webhooks_waiting(),
  conclave.webhooks_claim(text, integer, integer, integer, integer, integer),
  conclave.webhooks_idle_ms(),
  conclave.webhook_bury(text, text, integer),
  conclave.webhook_settle(bigint, jsonb),
  conclave.webhooks_sweep(double precision, double precision, integer),
  conclave.webhooks_backlog()
from public;
grant execute on function
  conclave.webhooks_tell(text, text, integer, integer),
  conclave.webhooks_claim(text, integer, integer, integer, integer, integer),
  conclave.webhooks_idle_ms(),
  conclave.webhook_settle(bigint, jsonb),
  conclave.webhooks_sweep(double precision, double precision, integer),
  conclave.webhooks_backlog()
to {{app_role}};
