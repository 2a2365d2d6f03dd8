-- What the books say of webhooks, where it was not so.

-- As before, but what is shown of a buried delivery is that it was buried, also of one that was never tried: the status
-- and answer of an earlier try are not why it is dead.
create or replace function conclave.webhook_bury(p_tenant text, p_webhook text, p_limit integer) returns integer
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v_count integer;
begin
  update webhook_deliveries set
    state = 'dead', claim = null, ended_at = now(),
    tried_at = coalesce(tried_at, now()), status = null, error = 'webhook-off', answer = null
  where ctid = any (array(
    select o.ctid from webhook_deliveries o
    where o.tenant_id = p_tenant and o.webhook_id = p_webhook and o.state = 'pending'
      and (o.claim is null or o.due_at <= now())
    limit p_limit for update skip locked));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- As before, but while a receiver is left alone because it asked for that, nothing that waits for it is late; afterwards
-- it is late since the end of the rest.
create or replace function conclave.webhooks_backlog()
returns table (pending integer, dead integer, overdue_s double precision)
language sql stable security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  select
    (select count(*)::integer from (
      select from conclave.webhook_deliveries d where d.state = 'pending' limit 100000) p),
    (select count(*)::integer from (
      select from conclave.webhook_deliveries d where d.state = 'dead' limit 100000) x),
    coalesce((
      select greatest(extract(epoch from now() - min(greatest(q.due_at, w.resting_until))), 0)
      from conclave.webhooks_waiting() q
      join conclave.webhooks w on w.tenant_id = q.tenant_id and w.id = q.webhook_id and w.state = 'active'
    ), 0);
end;
