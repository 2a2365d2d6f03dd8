-- Programs of tenants that may not run code are not handed out: nobody could look at them, and each was handed out again whenever
-- its lease was over. They are found by the next look when that right is given back.

create or replace function conclave.program_claim(p_lease_ms integer)
returns table (tenant_id text, registered_at timestamptz, spec json)
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  return query
    update conclave.programs p set claimed_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    from conclave.agents a
    where a.tenant_id = p.tenant_id and a.name = p.agent and (p.tenant_id, p.agent) = (
      select q.tenant_id, q.agent from conclave.programs q
      where q.found is null and (q.claimed_until is null or q.claimed_until < clock_timestamp())
        and conclave.tenant_may_run_code(q.tenant_id)
      order by q.registered_at limit 1 for update skip locked
    )
    returning p.tenant_id, p.registered_at, a.spec;
end
$$;
