-- An analysis is answered by parts, each a run of its own within a share of its budget. The ledger is the truth: what the
-- parent holds for its parts, and what they used, follows from its events, in their transaction.

alter table conclave.collaborations
  add column parent_id text collate "C",
  add column part text collate "C";
create index collaborations_by_parent on conclave.collaborations (tenant_id, parent_id, created_at, id)
  where parent_id is not null;

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

  insert into collaborations (tenant_id, id, pattern, status, simulated, question, created_at, origin_id, parent_id, part)
  values (p_tenant, o ->> 's', v_row ->> 'pattern', 'queued', (v_row ->> 'simulated')::boolean, v_row ->> 'question',
    (v_row ->> 'createdAt')::timestamptz, v_row ->> 'origin', v_row ->> 'parent', v_row ->> 'part');
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

-- A part's share is held while it runs; then what it used counts, in place of it. A part that was never opened held nothing.
create function conclave.part_follow() returns trigger
language plpgsql as $$
declare
  v_share json;
begin
  -- Read as JSON, never as text: data may hold the character 0, which no text can.
  if new.type = 'conclave.part.opened.v1' then
    update conclave.budgets set
      reserved_tokens = reserved_tokens + coalesce(nullif((new.data #> '{budget,tokens}')::text, 'null')::bigint, 0),
      reserved_micros = reserved_micros + coalesce(nullif((new.data #> '{budget,microsUsd}')::text, 'null')::bigint, 0)
    where tenant_id = new.tenant_id and collaboration_id = new.stream_id;
    return null;
  end if;
  select e.data -> 'budget' into v_share from conclave.events e
  where e.tenant_id = new.tenant_id and e.stream_id = new.stream_id and e.type = 'conclave.part.opened.v1'
    and (e.data -> 'part')::text = (new.data -> 'part')::text;
  update conclave.budgets set
    reserved_tokens = reserved_tokens - coalesce(nullif((v_share -> 'tokens')::text, 'null')::bigint, 0),
    reserved_micros = reserved_micros - coalesce(nullif((v_share -> 'microsUsd')::text, 'null')::bigint, 0),
    settled_tokens = settled_tokens + (new.data #> '{charged,tokens}')::text::bigint,
    settled_micros = settled_micros + (new.data #> '{charged,microsUsd}')::text::bigint
  where tenant_id = new.tenant_id and collaboration_id = new.stream_id;
  return null;
end
$$;

create trigger part_follows after insert on conclave.events for each row
when (new.type in ('conclave.part.opened.v1', 'conclave.part.ended.v1'))
execute function conclave.part_follow();

revoke execute on function conclave.part_follow() from public;
