-- Temporal may forget: what a run's workflow knows is compared with the ledger at every record, and runs that Temporal
-- does not know any more are found to be started again.

-- Runs that were started and have not ended, in the order of `collaborations_by_status`, after the last one of the page
-- before (all nulls for the first page). A run that nobody works on stays where it is in this order, so none is missed.
create function conclave.runs_under_way(
  p_status text, p_tenant text, p_created_at timestamptz, p_id text, p_limit integer
)
returns table (tenant_id text, collaboration_id text, pattern text, status text, created_at timestamptz)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select c.tenant_id, c.id, c.pattern, c.status, c.created_at from conclave.collaborations c
  where c.status in ('running', 'waiting', 'paused')
    and (c.status, c.tenant_id, c.created_at, c.id)
      > (coalesce(p_status, ''), coalesce(p_tenant, ''), coalesce(p_created_at, '-infinity'), coalesce(p_id, ''))
  order by c.status, c.tenant_id, c.created_at, c.id limit p_limit;
end;

revoke execute on function conclave.runs_under_way(text, text, timestamptz, text, integer) from public;
grant execute on function conclave.runs_under_way(text, text, timestamptz, text, integer) to {{app_role}};

-- Whoever records may be at it for the second time, or have forgotten what came last: then the ledger is right. `known`
-- is how many of the run's own facts the recorder knows (all but those of turns, whose subject is the turn; the seal is
-- none). Where the ledger has more it is `behind`, unless those are just the ones that it records.
create or replace function conclave.op_record(p_tenant text, o jsonb) returns jsonb
language plpgsql as $$
declare
  v_stands jsonb;
  v_given jsonb;
  v_ahead integer := 0;
  v_awaited text[];
  v_missed jsonb;
  v_running text;
begin
  v_stands := events_known(p_tenant, o ->> 's', array(select e ->> 'id' from jsonb_array_elements(o -> 'ev') e), null);
  if o ->> 'known' is not null then
    select count(*) - (o ->> 'known')::integer into v_ahead from events e
    where e.tenant_id = p_tenant and e.stream_id = o ->> 's' and e.subject = o ->> 's'
      and e.type <> 'conclave.decision.sealed.v1';
  end if;
  if v_stands is not null then
    select jsonb_agg(jsonb_build_object('id', e ->> 'id', 'type', e ->> 'type', 'data', e ->> 'd') order by n)
    into v_given from jsonb_array_elements(o -> 'ev') with ordinality g(e, n);
    if v_stands = v_given and (o ->> 'known' is null or v_ahead = jsonb_array_length(v_given)) then
      return '{"k": "recorded"}';
    end if;
  end if;
  if v_ahead > 0 then return '{"k": "behind"}'; end if;
  if v_stands is not null then
    -- A recorder that says what it knows knows these.
    return jsonb_build_object('k', 'known', 'events', case when o ->> 'known' is null then v_stands else '[]' end);
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
