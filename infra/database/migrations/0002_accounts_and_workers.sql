-- What must look across tenants, or at tables without a tenant: functions with the owner's rights and a pinned path.

create function conclave.tenant_of_api_key(p_key_sha256 bytea) returns text
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
return (
  select k.tenant_id from conclave.api_keys k where k.key_sha256 = p_key_sha256 and k.revoked_at is null
);

-- Runs whose start was lost, oldest first.
create function conclave.queued_older_than(p_seconds double precision)
returns table (tenant_id text, collaboration_id text)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select c.tenant_id, c.id from conclave.collaborations c
  where c.status = 'queued' and c.created_at < now() - make_interval(secs => p_seconds)
  order by c.created_at limit 100;
end;

-- Locks accounts in one order for all, before any of them is looked at.
create function conclave.accounts_lock(p_accounts text[]) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  insert into provider_accounts (account)
  select distinct a from unnest(p_accounts) a
  where not exists (select from provider_accounts p where p.account = a)
  order by 1
  on conflict do nothing;
  perform from provider_accounts where account = any (p_accounts) order by account for update;
end
$$;

-- Takes room for one call; null when there is, else the reason and how long to wait.
create function conclave.account_take(p_account text, p_per_minute integer, p_concurrent integer) returns jsonb
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v provider_accounts%rowtype;
  v_now timestamptz := clock_timestamp();
  v_slot bigint := floor(extract(epoch from v_now) / 5);
  v_ms integer;
begin
  select * into v from provider_accounts where account = p_account;
  if p_per_minute is null and p_concurrent is null
    and (not found or (v.state = 'closed' and (v.blocked_until is null or v.blocked_until <= v_now)))
  then
    return null;
  end if;
  select * into v from provider_accounts where account = p_account for update;

  if v.blocked_until > v_now then
    return jsonb_build_object('reason', 'rate', 'ms', ceil(extract(epoch from v.blocked_until - v_now) * 1000));
  end if;
  if v.state = 'open' and v.open_until > v_now then
    return jsonb_build_object('reason', 'breaker', 'ms', ceil(extract(epoch from v.open_until - v_now) * 1000));
  end if;
  if v.state = 'half-open' and v.probe_until > v_now then
    return jsonb_build_object('reason', 'breaker', 'ms', 250);
  end if;
  if p_concurrent is not null and p_concurrent <= (
    select count(*) from turns t where t.account = p_account and t.state = 'in-flight'
  ) then
    return jsonb_build_object('reason', 'concurrency', 'ms', 200);
  end if;

  if p_per_minute is not null then
    for v_old in greatest(v.slot + 1, v_slot - 12) .. v_slot loop
      v.slots[v_old % 13 + 1] := 0;
    end loop;
    if p_per_minute <= (select sum(s) from unnest(v.slots) s) then
      for v_old in v_slot - 12 .. v_slot loop
        if v.slots[v_old % 13 + 1] > 0 then
          v_ms := ceil(((v_old + 13) * 5 - extract(epoch from v_now)) * 1000);
          return jsonb_build_object('reason', 'rate', 'ms', greatest(v_ms, 1));
        end if;
      end loop;
      -- Only a limit below 1 comes here.
      return jsonb_build_object('reason', 'rate', 'ms', 60000);
    end if;
    v.slots[v_slot % 13 + 1] := v.slots[v_slot % 13 + 1] + 1;
    v.slot := v_slot;
  end if;

  update provider_accounts set
    slots = v.slots,
    slot = v.slot,
    state = case when v.state = 'closed' then 'closed' else 'half-open' end,
    -- Whoever was let through may die without a word: after a minute the next one is.
    probe_until = case when v.state = 'closed' then null else v_now + interval '1 minute' end
  where account = p_account and (p_per_minute is not null or v.state <> 'closed');
  return null;
end
$$;

-- Calls worked. An account that another transaction holds is left to the next success: no lock is waited for here.
create function conclave.accounts_succeeded(p_accounts text[]) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  update provider_accounts set state = 'closed', failures = 0, open_ms = 0, open_until = null, probe_until = null
  where account in (
    select account from provider_accounts
    where account = any (p_accounts) and (failures > 0 or state <> 'closed')
    for update skip locked
  );
end
$$;

-- A call failed: the provider said when to come back, or it counts towards the breaker.
create function conclave.account_failed(p_account text, p_retry_after_ms integer) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v provider_accounts%rowtype;
  v_now timestamptz := clock_timestamp();
  v_open_ms integer;
begin
  perform accounts_lock(array[p_account]);
  select * into v from provider_accounts where account = p_account;
  if p_retry_after_ms is not null then
    update provider_accounts
    set blocked_until = greatest(v.blocked_until, v_now + p_retry_after_ms * interval '1 millisecond')
    where account = p_account;
  elsif v.state = 'half-open' or (v.state = 'closed' and v.failures + 1 >= 5) then
    v_open_ms := least(greatest(v.open_ms * 2, 10000), 120000);
    update provider_accounts set state = 'open', failures = v.failures + 1, open_ms = v_open_ms,
      open_until = v_now + v_open_ms * interval '1 millisecond', probe_until = null
    where account = p_account;
  else
    update provider_accounts set failures = v.failures + 1 where account = p_account;
  end if;
end
$$;

create function conclave.accounts_status(p_accounts text[])
returns table (
  account text, state text, failures integer, open_until timestamptz, blocked_until timestamptz,
  in_flight integer, last_minute integer
)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select a, coalesce(p.state, 'closed'), coalesce(p.failures, 0), p.open_until,
    case when p.blocked_until > now() then p.blocked_until end,
    (select count(*)::integer from conclave.turns t where t.account = a and t.state = 'in-flight'),
    coalesce((
      select sum(p.slots[s % 13 + 1])::integer
      from generate_series(floor(extract(epoch from now()) / 5)::bigint - 11, p.slot) s
    ), 0)
  from unnest(p_accounts) a left join conclave.provider_accounts p on p.account = a;
end;

create function conclave.worker_lock_key(p_worker text) returns bigint
language sql immutable
return hashtextextended(p_worker, 7400);

create function conclave.worker_register(p_worker text, p_task_queue text) returns void
language sql security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  insert into conclave.workers (worker_id, lock_key, task_queue)
  values (p_worker, conclave.worker_lock_key(p_worker), p_task_queue)
  on conflict (worker_id) do update set task_queue = excluded.task_queue;
end;

create function conclave.worker_is_registered(p_worker text) returns boolean
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
return exists (select from conclave.workers w where w.worker_id = p_worker);

create function conclave.workers_dead() returns setof text
language sql volatile security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select w.worker_id from conclave.workers w where not exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.classid::bigint = ((w.lock_key >> 32) & 4294967295)
      and l.objid::bigint = (w.lock_key & 4294967295)
  );
end;

-- Turns that a worker holds, and those settled within the last minute: their activities may not know yet.
create function conclave.turns_of_worker(p_worker text)
returns table (
  tenant_id text, collaboration_id text, turn text, workflow_id text, run_id text, task_token bytea, is_settled boolean
)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select t.tenant_id, t.collaboration_id, t.turn, t.workflow_id, t.run_id, t.task_token, false
  from conclave.turns t
  where t.worker_id = p_worker
    and (t.state = 'in-flight' or (t.state = 'cancelled' and t.settled_seq is null and t.worker_id is not null))
  union all
  select t.tenant_id, t.collaboration_id, t.turn, t.workflow_id, t.run_id, t.task_token, true
  from conclave.turns t
  where t.worker_id = p_worker and t.settled_at > now() - interval '1 minute' and t.task_token is not null;
end;

-- Runs that have not ended, and who called for each of them last; the newest thousand.
create function conclave.runs_open()
returns table (collaboration_id text, pattern text, worker_id text)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select c.id, c.pattern, (
    select t.worker_id from conclave.turns t
    where t.tenant_id = c.tenant_id and t.collaboration_id = c.id and t.worker_id is not null
    order by t.started_at desc limit 1
  )
  from conclave.collaborations c
  where c.status in ('queued', 'running', 'waiting', 'paused')
  order by c.created_at desc limit 1000;
end;

-- Ends a takeover. What nobody has begun again by now gives its slot and its reservation back.
create function conclave.worker_forget(p_worker text) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v record;
begin
  for v in
    select t.tenant_id, t.collaboration_id, t.turn from turns t
    where t.worker_id = p_worker and t.state = 'in-flight'
    order by t.collaboration_id, t.turn
  loop
    perform from streams s where s.tenant_id = v.tenant_id and s.id = v.collaboration_id for update;
    perform turn_release(v.tenant_id, v.collaboration_id, v.turn, p_worker);
  end loop;
  delete from workers where worker_id = p_worker;
end
$$;
