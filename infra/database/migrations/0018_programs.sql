-- What workers found out about the programs of agents: version, and what a call of one word told. A registration asks for
-- it; whichever worker runs programs takes it.

create table conclave.programs (
  tenant_id text collate "C" not null,
  agent text collate "C" not null,
  registered_at timestamptz not null,
  claimed_until timestamptz, -- while a worker looks
  found jsonb, -- null until one has looked
  found_at timestamptz,
  primary key (tenant_id, agent)
);
create index programs_unknown on conclave.programs (registered_at) where found is null;

alter table conclave.programs enable row level security;
alter table conclave.programs force row level security;
create policy tenant_wall on conclave.programs
  using (tenant_id = nullif(current_setting('conclave.tenant', true), ''))
  with check (tenant_id = nullif(current_setting('conclave.tenant', true), ''));
-- Workers look for all tenants: by the functions below.
create policy owner_crosses on conclave.programs to current_user using (true) with check (true);
grant select, insert, update, delete on conclave.programs to {{app_role}};

create function conclave.program_registered() returns trigger
language plpgsql as $$
begin
  if new.deleted_at is not null or new.spec -> 'command' is null then
    delete from conclave.programs where tenant_id = new.tenant_id and agent = new.name;
  else
    insert into conclave.programs (tenant_id, agent, registered_at)
    values (new.tenant_id, new.name, clock_timestamp())
    on conflict (tenant_id, agent) do update
      set registered_at = excluded.registered_at, claimed_until = null, found = null, found_at = null;
    perform pg_notify('conclave_programs', '');
  end if;
  return null;
end
$$;

create trigger program_registered after insert or update on conclave.agents
for each row execute function conclave.program_registered();

-- Hands out one registration that nobody has looked at, for so long.
create function conclave.program_claim(p_lease_ms integer)
returns table (tenant_id text, registered_at timestamptz, spec json)
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  return query
    update conclave.programs p set claimed_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    from conclave.agents a
    where a.tenant_id = p.tenant_id and a.name = p.agent and (p.tenant_id, p.agent) = (
      select q.tenant_id, q.agent from conclave.programs q
      where q.found is null and (q.claimed_until is null or q.claimed_until < clock_timestamp())
      order by q.registered_at limit 1 for update skip locked
    )
    returning p.tenant_id, p.registered_at, a.spec;
end
$$;

-- Writes down what was found, unless the agent was registered anew meanwhile.
create function conclave.program_found(p_tenant text, p_agent text, p_registered timestamptz, p_found jsonb)
returns boolean
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
begin
  update conclave.programs set found = p_found, found_at = clock_timestamp(), claimed_until = null
  where tenant_id = p_tenant and agent = p_agent and registered_at = p_registered;
  return found;
end
$$;

revoke execute on function
  conclave.program_claim(integer), conclave.program_found(text, text, timestamptz, jsonb) from public;
grant execute on function
  conclave.program_claim(integer), conclave.program_found(text, text, timestamptz, jsonb) to {{app_role}};
