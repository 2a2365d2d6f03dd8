-- A call that has to be repeated within its turn is reserved before it is made, like the first one.

-- Lets a turn hold `tokens` and `micros` in all, if the budget has room for what that is more. Repeatable: it says what
-- is to be held, not what is to be added. A turn that is not this worker's any more, in this try of it, is left alone.
create function conclave.op_extend(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_turn turns%rowtype;
  v_budget budgets%rowtype;
  v_tokens bigint;
  v_micros bigint;
begin
  select * into v_turn from turns
  where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  if not found or v_turn.state <> 'in-flight' or v_turn.worker_id <> o ->> 'worker'
    or v_turn.attempts <> (o ->> 'attempt')::integer
  then
    return jsonb_build_object('k', case when v_turn.state in ('cancelled', 'settled') then 'over' else 'taken' end);
  end if;
  v_tokens := greatest((o ->> 'tokens')::bigint - v_turn.reserved_tokens, 0);
  v_micros := greatest((o ->> 'micros')::bigint - v_turn.reserved_micros, 0);
  select * into v_budget from budgets where tenant_id = p_tenant and collaboration_id = o ->> 's';
  if v_budget.settled_tokens + v_budget.reserved_tokens + v_tokens > v_budget.limit_tokens
    or v_budget.settled_micros + v_budget.reserved_micros + v_micros > v_budget.limit_micros
  then
    return '{"k": "no-room"}';
  end if;
  update budgets set reserved_tokens = reserved_tokens + v_tokens, reserved_micros = reserved_micros + v_micros
  where tenant_id = p_tenant and collaboration_id = o ->> 's';
  update turns set reserved_tokens = reserved_tokens + v_tokens, reserved_micros = reserved_micros + v_micros
  where tenant_id = p_tenant and collaboration_id = o ->> 's' and turn = o ->> 'turn';
  return '{"k": "extended"}';
end
$$;

-- Performs operations of one tenant in one transaction, each stream's in the order given; answers each one's result.
-- `streams` are those to lock, `new` those to create when they are missing, `accounts` those with limits.
create or replace function conclave.perform_batch(p_tenant text, p_batch jsonb)
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
      when 'extend' then op_extend(p_tenant, v_op)
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

revoke execute on function conclave.op_extend(text, jsonb) from public;
grant execute on function conclave.op_extend(text, jsonb) to {{app_role}};
