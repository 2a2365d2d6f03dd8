-- The hot path: everything that happens to a run, many operations to a statement. With the caller's rights, so that row
-- security holds inside. Locks are always taken in one order: heads of streams by id, then provider accounts by name.

-- Appends events to a stream whose head the caller has locked; answers each one's place: [seq, previous, hash, was there].
-- An operation's event carries its canonical data (d), its id as canonical JSON (i) and the canonical rest after the
-- number (t), so that what is hashed here is the RFC 8785 form of the whole event: data, id, previousHash, seq, source …
-- `p_are_new` says that the caller knows them not to be there yet; else each is looked for.
create function conclave.events_append(p_tenant text, p_stream text, p_events jsonb, p_are_new boolean default false)
returns jsonb
language plpgsql as $$
declare
  v_event jsonb;
  v_seq integer;
  v_hash bytea;
  v_previous bytea;
  v_known record;
  v_places jsonb := '[]';
  v_added boolean := false;
begin
  -- Here a missing head is a missing run: only appending and opening make heads.
  select seq, hash into v_seq, v_hash from streams where tenant_id = p_tenant and id = p_stream;
  if not found then
    raise exception 'no stream % of this tenant', p_stream using errcode = 'no_data_found';
  end if;
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
    v_added := true;
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
  if v_added then
    update streams set seq = v_seq, hash = v_hash where tenant_id = p_tenant and id = p_stream;
  end if;
  return v_places;
end
$$;

-- Type and data of the event that a turn ended in. As text: data may hold what jsonb cannot (the character 0).
create function conclave.turn_event(p_tenant text, p_stream text, p_seq integer) returns jsonb
language sql stable
return (
  select jsonb_build_object('type', e.type, 'data', e.data::text) from conclave.events e
  where e.tenant_id = p_tenant and e.stream_id = p_stream and e.seq = p_seq
);

-- Gives slot and reservation of a turn back; with a worker named, only if it is still that worker's.
create function conclave.turn_release(p_tenant text, p_collaboration text, p_turn text, p_worker text) returns void
language plpgsql as $$
declare
  v record;
begin
  update turns t set state = 'released', worker_id = null, task_token = null, reserved_tokens = 0, reserved_micros = 0
  from (
    select o.reserved_tokens, o.reserved_micros from turns o
    where o.tenant_id = p_tenant and o.collaboration_id = p_collaboration and o.turn = p_turn
  ) old
  where t.tenant_id = p_tenant and t.collaboration_id = p_collaboration and t.turn = p_turn
    and t.state = 'in-flight' and (p_worker is null or t.worker_id = p_worker)
  returning old.reserved_tokens, old.reserved_micros into v;
  if found then
    update budgets set reserved_tokens = reserved_tokens - v.reserved_tokens,
      reserved_micros = reserved_micros - v.reserved_micros
    where tenant_id = p_tenant and collaboration_id = p_collaboration;
  end if;
end
$$;

create function conclave.op_begin(p_tenant text, o jsonb) returns jsonb
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

-- `closes` says which states this outcome may end: a call's own answer ends an open turn, `turn.cancelled` a closed one.
create function conclave.op_settle(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_turn turns%rowtype;
  v_known boolean;
  v_state text := 'settled';
  v_seq integer;
begin
  select * into v_turn from turns
  where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  v_known := found;
  if v_turn.settled_seq is not null then
    return jsonb_build_object('k', 'recorded', 'event', turn_event(p_tenant, o ->> 's', v_turn.settled_seq));
  end if;
  if v_turn.state = 'cancelled' then
    if not (o ->> 'isCancelled')::boolean then return '{"k": "closed"}'; end if;
    v_state := 'cancelled';
  end if;

  v_seq := events_append(p_tenant, o ->> 's', o -> 'ev', true) -> 0 ->> 0;
  update budgets set
    reserved_tokens = reserved_tokens - coalesce(v_turn.reserved_tokens, 0),
    reserved_micros = reserved_micros - coalesce(v_turn.reserved_micros, 0),
    settled_tokens = settled_tokens + coalesce((o ->> 'tokens')::bigint, v_turn.reserved_tokens, 0),
    settled_micros = settled_micros + coalesce((o ->> 'micros')::bigint, v_turn.reserved_micros, 0)
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

-- Events that stand under these ids, or whose ids begin with `p_step`, in order; null when there are none.
create function conclave.events_known(p_tenant text, p_stream text, p_ids text[], p_step text) returns jsonb
language sql stable
return (
  select jsonb_agg(jsonb_build_object('id', e.id, 'type', e.type, 'data', e.data::text) order by e.seq)
  from conclave.events e
  where e.tenant_id = p_tenant and e.stream_id = p_stream
    -- In this collation every text that begins with `x-` lies from there to before `x.`.
    and (e.id = any (p_ids) or (e.id >= p_step and e.id < rtrim(p_step, '-') || '.'))
);

-- Whoever records may be at it for the second time, having decided otherwise: then the ledger is right, and what it has
-- is answered (`known`). `step` is what ids of the recorder's next own step begin with.
create function conclave.op_record(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_known jsonb;
  v_given jsonb;
  v_awaited text[];
  v_missed jsonb;
  v_running text;
begin
  v_known := events_known(p_tenant, o ->> 's', array(select e ->> 'id' from jsonb_array_elements(o -> 'ev') e), o ->> 'step');
  if v_known is not null then
    select jsonb_agg(jsonb_build_object('id', e ->> 'id', 'type', e ->> 'type', 'data', e ->> 'd') order by n)
    into v_given from jsonb_array_elements(o -> 'ev') with ordinality g(e, n);
    if v_known = v_given then return '{"k": "recorded"}'; end if;
    return jsonb_build_object('k', 'known', 'events', v_known);
  end if;

  if (o ->> 'isClosing')::boolean then
    v_awaited := array(select jsonb_array_elements_text(o -> 'awaited'));
    select jsonb_agg(turn_event(p_tenant, o ->> 's', t.settled_seq) order by t.settled_seq) into v_missed from turns t
    where t.tenant_id = p_tenant and t.collaboration_id = o ->> 's' and t.turn = any (v_awaited) and t.state = 'settled';
    if v_missed is not null then
      return jsonb_build_object('k', 'missed', 'events', v_missed);
    end if;
    with stopped as (
      update turns set state = 'cancelled'
      where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = any (v_awaited)
        and state in ('in-flight', 'released')
      returning turn, worker_id
    )
    select string_agg(turn, ',' order by turn) into v_running from stopped where worker_id is not null;
    insert into turns (tenant_id, collaboration_id, turn, state)
    select p_tenant, o ->> 's', t, 'cancelled' from unnest(v_awaited) t
    on conflict do nothing;
    if v_running is not null then
      perform pg_notify('conclave_cancelled', p_tenant || ' ' || (o ->> 's') || ' ' || v_running);
    end if;
  end if;

  if o ? 'status' then
    update collaborations set status = o ->> 'status'
    where tenant_id = p_tenant and id = o ->> 's' and status not in ('completed', 'failed', 'cancelled')
      and status <> o ->> 'status';
  end if;
  if o ? 'limits' then
    update budgets set limit_tokens = (o -> 'limits' ->> 'tokens')::bigint,
      limit_micros = (o -> 'limits' ->> 'micros')::bigint
    where tenant_id = p_tenant and collaboration_id = o ->> 's';
  end if;
  return jsonb_build_object('k', 'recorded', 'places', events_append(p_tenant, o ->> 's', o -> 'ev'));
end
$$;

create function conclave.op_open(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_key record;
  v_row jsonb := o -> 'row';
begin
  if o ? 'key' then
    insert into idempotency_keys (tenant_id, key, request_sha256, collaboration_id)
    values (p_tenant, o ->> 'key', o ->> 'requestSha256', o ->> 's')
    on conflict do nothing;
    if not found then
      select request_sha256, collaboration_id into strict v_key from idempotency_keys
      where tenant_id = p_tenant and key = o ->> 'key';
      if v_key.request_sha256 <> o ->> 'requestSha256' or v_key.collaboration_id <> o ->> 's' then
        return jsonb_build_object('collaboration', v_key.collaboration_id,
          'k', case when v_key.request_sha256 = o ->> 'requestSha256' then 'replayed' else 'conflict' end);
      end if;
    end if;
  end if;
  insert into streams (tenant_id, id) values (p_tenant, o ->> 's') on conflict do nothing;
  if not found then return '{"k": "created"}'; end if;

  insert into collaborations (tenant_id, id, pattern, status, simulated, question, created_at)
  values (p_tenant, o ->> 's', v_row ->> 'pattern', 'queued', (v_row ->> 'simulated')::boolean, v_row ->> 'question',
    (v_row ->> 'createdAt')::timestamptz);
  insert into collaboration_requests (tenant_id, collaboration_id, request, plan, estimate)
  values (p_tenant, o ->> 's', (v_row ->> 'request')::json, (v_row ->> 'plan')::json, (v_row ->> 'estimate')::json);
  insert into budgets (tenant_id, collaboration_id, limit_tokens, limit_micros)
  values (p_tenant, o ->> 's', (o -> 'limits' ->> 'tokens')::bigint, (o -> 'limits' ->> 'micros')::bigint);
  return jsonb_build_object('k', 'created', 'places', events_append(p_tenant, o ->> 's', o -> 'ev', true));
end
$$;

create function conclave.op_seal(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_places jsonb := events_append(p_tenant, o ->> 's', o -> 'ev');
begin
  update collaborations set status = o ->> 'status', ended_at = (o ->> 'time')::timestamptz,
    decision = (o ->> 'decision')::json, record_sha256 = o ->> 'record', transcript_sha256 = o ->> 'transcript'
  where tenant_id = p_tenant and id = o ->> 's' and record_sha256 is null;
  return jsonb_build_object('k', 'sealed', 'places', v_places);
end
$$;

create function conclave.op_mark(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
begin
  if o ->> 'status' = 'running' then
    update collaborations set started_at = (o ->> 'time')::timestamptz,
      status = case when status = 'queued' then 'running' else status end
    where tenant_id = p_tenant and id = o ->> 's' and started_at is null;
  else
    update collaborations set status = 'failed', ended_at = (o ->> 'time')::timestamptz
    where tenant_id = p_tenant and id = o ->> 's' and status not in ('completed', 'failed', 'cancelled');
  end if;
  return '{"k": "marked"}';
end
$$;

-- Performs operations of one tenant in one transaction, each stream's in the order given; answers each one's result.
-- `streams` are those to lock, `new` those to create when they are missing, `accounts` those with limits.
create function conclave.perform_batch(p_tenant text, p_batch jsonb)
returns table (op integer, result jsonb)
language plpgsql
set search_path = conclave, pg_catalog, pg_temp
-- Every statement below finds its rows by a whole key: planning each anew costs more than running it.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_op jsonb;
  v_at bigint;
  v_stream text;
  v_grown text;
  v_seq text;
  v_answered text[] := '{}';
begin
  perform set_config('conclave.tenant', p_tenant, true);
  if not p_batch ? 'lasting' then
    -- Begins alone are not worth waiting for the disk: a crash of the server may forget them, and settling knows how to
    -- live without.
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if p_batch ? 'new' then
    insert into streams (tenant_id, id)
    select p_tenant, n from jsonb_array_elements_text(p_batch -> 'new') n
    where not exists (select from streams s where s.tenant_id = p_tenant and s.id = n)
    order by n collate "C"
    on conflict do nothing;
  end if;
  perform from streams where tenant_id = p_tenant
    and id = any (array(select jsonb_array_elements_text(p_batch -> 'streams'))) order by id for update;
  if p_batch ? 'accounts' then
    perform accounts_lock(array(select jsonb_array_elements_text(p_batch -> 'accounts')));
  end if;

  for v_op, v_at in
    select e.value, e.ordinality from jsonb_array_elements(p_batch -> 'ops') with ordinality e
    order by e.value ->> 's' collate "C", e.ordinality
  loop
    v_stream := v_op ->> 's';
    if v_grown <> v_stream then
      perform pg_notify('conclave_events', p_tenant || ' ' || v_grown || ' ' || v_seq);
      v_grown := null;
    end if;
    result := case v_op ->> 'k'
      when 'begin' then op_begin(p_tenant, v_op)
      when 'settle' then op_settle(p_tenant, v_op)
      when 'record' then op_record(p_tenant, v_op)
      when 'append' then jsonb_build_object('places', events_append(p_tenant, v_stream, v_op -> 'ev'))
      when 'open' then op_open(p_tenant, v_op)
      when 'seal' then op_seal(p_tenant, v_op)
      when 'mark' then op_mark(p_tenant, v_op)
      when 'release' then op_release(p_tenant, v_op)
    end;
    if result ? 'seq' or jsonb_path_exists(result, '$.places[*][3] ? (@ == false)') then
      v_grown := v_stream;
      v_seq := coalesce(result ->> 'seq', result #>> '{places,-1,0}');
    end if;
    if result ->> 'account' is not null then v_answered := v_answered || (result ->> 'account'); end if;
    op := v_at - 1;
    return next;
  end loop;
  if v_grown is not null then
    perform pg_notify('conclave_events', p_tenant || ' ' || v_grown || ' ' || v_seq);
  end if;
  if cardinality(v_answered) > 0 then perform accounts_succeeded(v_answered); end if;
end
$$;

create function conclave.op_release(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
begin
  perform turn_release(p_tenant, o ->> 's', o ->> 'turn', null);
  return '{"k": "released"}';
end
$$;

revoke execute on all functions in schema conclave from public;
grant execute on all functions in schema conclave to {{app_role}};
