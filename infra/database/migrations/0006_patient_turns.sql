-- A turn gives up on a provider that stays down, not on one that was down for a moment, and gives back only what is its
-- own: whoever lost a turn to another worker, or to a later try, leaves it alone.

-- Since when nothing has worked: from the opening of the breaker to the first answer.
alter table conclave.provider_accounts add column down_since timestamptz;
-- When the turn met an open breaker for the first time while the provider is down.
alter table conclave.turns add column breaker_met_at timestamptz;

-- Takes room for one call; null when there is, else the reason and how long to wait. For a breaker also since when the
-- provider is down, and whether it is known to be: a call that was let through may still be answered.
create or replace function conclave.account_take(p_account text, p_per_minute integer, p_concurrent integer)
returns jsonb
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
    return jsonb_build_object('reason', 'breaker', 'ms', ceil(extract(epoch from v.open_until - v_now) * 1000),
      'isDown', true, 'downSince', v.down_since);
  end if;
  if v.state = 'half-open' and v.probe_until > v_now then
    -- As long again as the call has taken so far, so that waiting for it costs few looks and little time.
    v_ms := ceil(extract(epoch from v_now - (v.probe_until - interval '1 minute')) * 1000);
    return jsonb_build_object('reason', 'breaker', 'ms', least(greatest(v_ms, 1000), 8000),
      'isDown', false, 'downSince', v.down_since);
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
create or replace function conclave.accounts_succeeded(p_accounts text[]) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  update provider_accounts set state = 'closed', failures = 0, open_ms = 0, open_until = null, probe_until = null,
    down_since = null
  where account in (
    select account from provider_accounts
    where account = any (p_accounts) and (failures > 0 or state <> 'closed')
    for update skip locked
  );
end
$$;

-- A call failed: the provider said when to come back, or it counts towards the breaker.
create or replace function conclave.account_failed(p_account text, p_retry_after_ms integer) returns void
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
    set blocked_until = greatest(v.blocked_until, v_now + p_retry_after_ms * interval '1 millisecond'),
      probe_until = null
    where account = p_account;
  elsif v.state = 'half-open' or (v.state = 'closed' and v.failures + 1 >= 5) then
    v_open_ms := least(greatest(v.open_ms * 2, 10000), 120000);
    update provider_accounts set state = 'open', failures = v.failures + 1, open_ms = v_open_ms,
      open_until = v_now + v_open_ms * interval '1 millisecond', probe_until = null,
      down_since = coalesce(v.down_since, v_now)
    where account = p_account;
  else
    update provider_accounts set failures = v.failures + 1 where account = p_account;
  end if;
end
$$;

-- Notes that a turn met a breaker, and says for how long it has been meeting it, in milliseconds; 0 while a call that
-- was let through may still be answered. If the provider worked in between, the time begins anew.
create function conclave.turn_met_breaker(p_tenant text, p_collaboration text, p_turn text, p_room jsonb)
returns bigint
language plpgsql as $$
declare
  v_now timestamptz := clock_timestamp();
  v_met timestamptz;
begin
  insert into turns as t (tenant_id, collaboration_id, turn, state, breaker_met_at)
  values (p_tenant, p_collaboration, p_turn, 'released', v_now)
  on conflict (tenant_id, collaboration_id, turn) do update set breaker_met_at = case
    when t.breaker_met_at >= coalesce((p_room ->> 'downSince')::timestamptz, '-infinity') then t.breaker_met_at
    else v_now
  end
  returning breaker_met_at into v_met;
  return case when (p_room ->> 'isDown')::boolean then floor(extract(epoch from v_now - v_met) * 1000) else 0 end;
end
$$;

create or replace function conclave.op_begin(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_turn turns%rowtype;
  v_known boolean;
  v_budget budgets%rowtype;
  v_room jsonb;
  v_tokens bigint := (o ->> 'tokens')::bigint;
  v_micros bigint := (o ->> 'micros')::bigint;
begin
  select * into v_turn from turns
  where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  v_known := found;
  if v_turn.settled_seq is not null then
    return jsonb_build_object('k', 'recorded', 'event', turn_event(p_tenant, o ->> 's', v_turn.settled_seq));
  end if;
  if v_turn.state = 'cancelled' then
    return jsonb_build_object('k', 'cancelled', 'asked', v_turn.worker_id is not null);
  end if;

  if v_turn.state = 'in-flight' then
    -- An earlier try died with this turn in its hands: its slot is given up before one is taken.
    perform turn_release(p_tenant, o ->> 's', o ->> 'turn', null);
  end if;
  select * into v_budget from budgets where tenant_id = p_tenant and collaboration_id = o ->> 's';
  if not found then
    raise exception 'no collaboration % of this tenant', o ->> 's' using errcode = 'no_data_found';
  end if;
  if v_budget.settled_tokens + v_budget.reserved_tokens + v_tokens > v_budget.limit_tokens
    or v_budget.settled_micros + v_budget.reserved_micros + v_micros > v_budget.limit_micros
  then
    return jsonb_build_object('k', 'refused');
  end if;
  v_room := account_take(o ->> 'account', (o ->> 'perMinute')::integer, (o ->> 'concurrent')::integer);
  if v_room ->> 'reason' = 'breaker' then
    return jsonb_build_object('k', 'no-room', 'reason', 'breaker', 'ms', v_room -> 'ms',
      'downMs', turn_met_breaker(p_tenant, o ->> 's', o ->> 'turn', v_room));
  end if;
  if v_room is not null then
    return jsonb_build_object('k', 'no-room') || v_room;
  end if;

  update budgets set reserved_tokens = reserved_tokens + v_tokens, reserved_micros = reserved_micros + v_micros
  where tenant_id = p_tenant and collaboration_id = o ->> 's';
  if v_known then
    update turns set state = 'in-flight', attempts = attempts + 1, reserved_tokens = v_tokens,
      reserved_micros = v_micros, started_at = clock_timestamp(), account = o ->> 'account', worker_id = o ->> 'worker',
      workflow_id = o ->> 'workflow', run_id = o ->> 'run', task_token = decode(o ->> 'token', 'base64')
    where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  else
    insert into turns (tenant_id, collaboration_id, turn, state, attempts, reserved_tokens, reserved_micros, started_at,
      account, worker_id, workflow_id, run_id, task_token)
    values (p_tenant, o ->> 's', o ->> 'turn', 'in-flight', 1, v_tokens, v_micros, clock_timestamp(),
      o ->> 'account', o ->> 'worker', o ->> 'workflow', o ->> 'run', decode(o ->> 'token', 'base64'));
  end if;
  return jsonb_build_object('k', 'begun', 'attempts', coalesce(v_turn.attempts, 0) + 1);
end
$$;

-- Gives a turn back that is still this worker's, in this try of it: the same worker may have it again.
create or replace function conclave.op_release(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
begin
  perform from turns where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn'
    and attempts = (o ->> 'attempt')::integer;
  if found then perform turn_release(p_tenant, o ->> 's', o ->> 'turn', o ->> 'worker'); end if;
  return '{"k": "released"}';
end
$$;

revoke execute on function conclave.turn_met_breaker(text, text, text, jsonb) from public;
grant execute on function conclave.turn_met_breaker(text, text, text, jsonb) to {{app_role}};
