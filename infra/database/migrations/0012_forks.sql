-- A fork begins with turns that its origin has paid: they are settled from the start, so that none is ever asked again.

alter table conclave.collaborations add column origin_id text collate "C";
create index collaborations_by_origin on conclave.collaborations (tenant_id, origin_id, created_at, id)
  where origin_id is not null;

-- `turns`: those that a fork took over, each as [name, state, number of its event].
create or replace function conclave.op_open(p_tenant text, o jsonb) returns jsonb
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

  insert into collaborations (tenant_id, id, pattern, status, simulated, question, created_at, origin_id)
  values (p_tenant, o ->> 's', v_row ->> 'pattern', 'queued', (v_row ->> 'simulated')::boolean, v_row ->> 'question',
    (v_row ->> 'createdAt')::timestamptz, v_row ->> 'origin');
  insert into collaboration_requests (tenant_id, collaboration_id, request, plan, estimate)
  values (p_tenant, o ->> 's', (v_row ->> 'request')::json, (v_row ->> 'plan')::json, (v_row ->> 'estimate')::json);
  insert into budgets (tenant_id, collaboration_id, limit_tokens, limit_micros)
  values (p_tenant, o ->> 's', (o -> 'limits' ->> 'tokens')::bigint, (o -> 'limits' ->> 'micros')::bigint);
  if o ? 'turns' then
    insert into turns (tenant_id, collaboration_id, turn, state, settled_seq, settled_at)
    select p_tenant, o ->> 's', t ->> 0, t ->> 1, (t ->> 2)::integer, (v_row ->> 'createdAt')::timestamptz
    from jsonb_array_elements(o -> 'turns') t;
  end if;
  return jsonb_build_object('k', 'created', 'places', events_append(p_tenant, o ->> 's', o -> 'ev', true));
end
$$;

-- `as`: the state of a run that begins; a fork may begin paused.
create or replace function conclave.op_mark(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
begin
  if o ->> 'status' = 'running' then
    update collaborations set started_at = (o ->> 'time')::timestamptz,
      status = case when status = 'queued' then coalesce(o ->> 'as', 'running') else status end
    where tenant_id = p_tenant and id = o ->> 's' and started_at is null;
  else
    update collaborations set status = 'failed', ended_at = (o ->> 'time')::timestamptz
    where tenant_id = p_tenant and id = o ->> 's' and status not in ('completed', 'failed', 'cancelled');
  end if;
  return '{"k": "marked"}';
end
$$;
