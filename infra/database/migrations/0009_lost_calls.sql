-- A call that may have been paid and whose answer never came is counted: the turn keeps what was reserved for it, and the
-- fact in which the turn ends tells it. An answer ends a turn whoever has it; a failure only that of its own try. Nothing
-- follows the seal.

alter table conclave.turns
  -- Tries that may have been paid and that nobody makes any more, as [attempt, worker, tokens, micros] reserved.
  add column lost jsonb not null default '[]',
  -- Names the begin of the try in flight, so that a begin that is repeated is one.
  add column begin_id text;

drop function conclave.turns_of_worker(text);
-- Temporal itself is asked who has a call.
alter table conclave.turns drop column run_id, drop column task_token;

-- Turns that a worker holds, and those settled within the last minute: their activities may not know yet.
create function conclave.turns_of_worker(p_worker text)
returns table (tenant_id text, collaboration_id text, turn text, workflow_id text)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select t.tenant_id, t.collaboration_id, t.turn, t.workflow_id from conclave.turns t
  where t.worker_id = p_worker
    and (t.state = 'in-flight' or (t.state = 'cancelled' and t.settled_seq is null and t.worker_id is not null))
  union all
  select t.tenant_id, t.collaboration_id, t.turn, t.workflow_id from conclave.turns t
  where t.worker_id = p_worker and t.settled_at > now() - interval '1 minute';
end;

-- Takes a turn from the try that makes it, and gives back what that one held: it has cost nothing. With a worker named,
-- only if it is still that worker's. A turn whose pass has closed stays closed.
create or replace function conclave.turn_release(p_tenant text, p_collaboration text, p_turn text, p_worker text)
returns void
language plpgsql as $$
declare
  v record;
begin
  update turns t set state = case when t.state = 'cancelled' then 'cancelled' else 'released' end,
    worker_id = null, reserved_tokens = 0, reserved_micros = 0
  from (
    select o.reserved_tokens, o.reserved_micros from turns o
    where o.tenant_id = p_tenant and o.collaboration_id = p_collaboration and o.turn = p_turn
  ) old
  where t.tenant_id = p_tenant and t.collaboration_id = p_collaboration and t.turn = p_turn
    and t.settled_seq is null and t.worker_id is not null and (p_worker is null or t.worker_id = p_worker)
  returning old.reserved_tokens, old.reserved_micros into v;
  if found then
    update budgets set reserved_tokens = reserved_tokens - v.reserved_tokens,
      reserved_micros = reserved_micros - v.reserved_micros
    where tenant_id = p_tenant and collaboration_id = p_collaboration;
  end if;
end
$$;

-- Takes a turn from the try that makes it, likewise, but that one may have been paid: what it held stays reserved.
create function conclave.turn_lose(p_tenant text, p_collaboration text, p_turn text, p_worker text) returns void
language sql volatile
begin atomic
  update conclave.turns t set state = case when t.state = 'cancelled' then 'cancelled' else 'released' end,
    worker_id = null, reserved_tokens = 0, reserved_micros = 0,
    lost = t.lost || jsonb_build_array(jsonb_build_array(t.attempts, t.worker_id, t.reserved_tokens, t.reserved_micros))
  where t.tenant_id = p_tenant and t.collaboration_id = p_collaboration and t.turn = p_turn
    and t.settled_seq is null and t.worker_id is not null and (p_worker is null or t.worker_id = p_worker);
end;

create function conclave.run_is_sealed(p_tenant text, p_collaboration text) returns boolean
language sql stable
return exists (
  select from conclave.collaborations c
  where c.tenant_id = p_tenant and c.id = p_collaboration and c.record_sha256 is not null
);

-- Ends a takeover. What nobody has begun again by now gives its slot up; its calls may have been paid.
create or replace function conclave.worker_forget(p_worker text) returns void
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
    perform turn_lose(v.tenant_id, v.collaboration_id, v.turn, p_worker);
  end loop;
  delete from workers where worker_id = p_worker;
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
  if run_is_sealed(p_tenant, o ->> 's') then return '{"k": "sealed"}'; end if;
  if v_turn.state = 'cancelled' then return '{"k": "cancelled"}'; end if;

  if v_turn.state = 'in-flight' then
    if v_turn.begin_id = o ->> 'id' then
      -- The same begin once more: its answer was lost on the way.
      return jsonb_build_object('k', 'begun', 'attempts', v_turn.attempts, 'lost', v_turn.lost);
    end if;
    -- An earlier try died with this turn in its hands: its slot is given up before one is taken.
    perform turn_lose(p_tenant, o ->> 's', o ->> 'turn', null);
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
      workflow_id = o ->> 'workflow', begin_id = o ->> 'id'
    where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn'
    returning * into v_turn;
  else
    insert into turns (tenant_id, collaboration_id, turn, state, attempts, reserved_tokens, reserved_micros, started_at,
      account, worker_id, workflow_id, begin_id)
    values (p_tenant, o ->> 's', o ->> 'turn', 'in-flight', 1, v_tokens, v_micros, clock_timestamp(),
      o ->> 'account', o ->> 'worker', o ->> 'workflow', o ->> 'id')
    returning * into v_turn;
  end if;
  return jsonb_build_object('k', 'begun', 'attempts', v_turn.attempts, 'lost', v_turn.lost);
end
$$;

-- Gives a turn back that is still this worker's, in this try of it: the same worker may have it again.
create or replace function conclave.op_release(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
begin
  perform from turns where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn'
    and attempts = (o ->> 'attempt')::integer;
  if found and (o ->> 'mayHaveCost')::boolean then
    perform turn_lose(p_tenant, o ->> 's', o ->> 'turn', o ->> 'worker');
  elsif found then
    perform turn_release(p_tenant, o ->> 's', o ->> 'turn', o ->> 'worker');
  end if;
  return '{"k": "released"}';
end
$$;

-- `isCancelled` says which states this outcome may end: a call's own answer ends an open turn, `turn.cancelled` a closed
-- one. `by` is the try that it is the end of, as [attempt, worker]; unless it `isForced`, nobody else may make one (by
-- null: nobody at all). `lost` are the other tries that may have been paid, as far as the event tells of them; where
-- there are others than these nothing is settled, and they are answered.
create or replace function conclave.op_settle(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_turn turns%rowtype;
  v_known boolean;
  v_state text := 'settled';
  v_holder jsonb;
  v_by jsonb;
  v_tries jsonb;
  v_own jsonb;
  v_lost jsonb;
  v_tokens bigint;
  v_micros bigint;
  v_seq integer;
begin
  select * into v_turn from turns
  where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  v_known := found;
  if v_turn.settled_seq is not null then
    return jsonb_build_object('k', 'recorded', 'event', turn_event(p_tenant, o ->> 's', v_turn.settled_seq));
  end if;
  if run_is_sealed(p_tenant, o ->> 's') then
    perform turn_release(p_tenant, o ->> 's', o ->> 'turn', null);
    return '{"k": "sealed"}';
  end if;

  if v_turn.worker_id is not null then v_holder := jsonb_build_array(v_turn.attempts, v_turn.worker_id); end if;
  -- A worker of an earlier version does not say which try it ends, and knows of no other.
  v_by := case when o ? 'by' then nullif(o -> 'by', 'null') else v_holder end;
  if v_known and not coalesce((o ->> 'isForced')::boolean, true) and v_by is distinct from v_holder then
    return '{"k": "taken"}';
  end if;
  if v_turn.state = 'cancelled' then
    if not (o ->> 'isCancelled')::boolean then return '{"k": "closed"}'; end if;
    v_state := 'cancelled';
  end if;

  v_tries := coalesce(v_turn.lost, '[]');
  if v_holder is not null then
    v_tries := v_tries || jsonb_build_array(v_holder || jsonb_build_array(v_turn.reserved_tokens, v_turn.reserved_micros));
  end if;
  select coalesce(jsonb_agg(t order by n) filter (where not is_own), '[]'), jsonb_agg(t) filter (where is_own) -> 0,
    coalesce(sum((t ->> 2)::bigint), 0), coalesce(sum((t ->> 3)::bigint), 0)
  into v_lost, v_own, v_tokens, v_micros
  from (
    select t, n, (t -> 0 = v_by -> 0 and t -> 1 = v_by -> 1) is true as is_own
    from jsonb_array_elements(v_tries) with ordinality e(t, n)
  ) tries;
  if o ? 'lost' and o -> 'lost' <> v_lost then
    return jsonb_build_object('k', 'lost', 'lost', v_lost);
  end if;

  v_seq := events_append(p_tenant, o ->> 's', o -> 'ev', true) -> 0 ->> 0;
  update budgets set
    reserved_tokens = reserved_tokens - v_tokens,
    reserved_micros = reserved_micros - v_micros,
    settled_tokens = settled_tokens + coalesce((o ->> 'tokens')::bigint, (v_own ->> 2)::bigint, 0)
      + coalesce((o ->> 'lostTokens')::bigint, 0),
    settled_micros = settled_micros + coalesce((o ->> 'micros')::bigint, (v_own ->> 3)::bigint, 0)
      + coalesce((o ->> 'lostMicros')::bigint, 0)
  where tenant_id = p_tenant and collaboration_id = o ->> 's';
  if not found then
    raise exception 'no collaboration % of this tenant', o ->> 's' using errcode = 'no_data_found';
  end if;
  if v_known then
    update turns set state = v_state, settled_seq = v_seq, settled_at = clock_timestamp(),
      reserved_tokens = 0, reserved_micros = 0
    where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  else
    insert into turns (tenant_id, collaboration_id, turn, state, settled_seq, settled_at)
    values (p_tenant, o ->> 's', o ->> 'turn', v_state, v_seq, clock_timestamp());
  end if;
  return jsonb_build_object('k', 'settled', 'seq', v_seq,
    'account', case when (o ->> 'answered')::boolean then v_turn.account end);
end
$$;

revoke execute on function conclave.turns_of_worker(text), conclave.turn_lose(text, text, text, text),
  conclave.run_is_sealed(text, text) from public;
grant execute on function conclave.turns_of_worker(text), conclave.turn_lose(text, text, text, text),
  conclave.run_is_sealed(text, text) to {{app_role}};
