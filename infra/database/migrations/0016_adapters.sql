-- Adapters: providers that workers load from modules of their own. A worker says which it has; the API, which loads none,
-- knows them from here. They belong to the house, not to a tenant.

alter table conclave.workers add column adapters jsonb not null default '[]';

-- Every adapter that a worker has ever had, as the last one described it.
create table conclave.adapters (
  name text collate "C" primary key,
  description jsonb not null,
  loaded_at timestamptz not null default now()
);

create function conclave.worker_loaded(p_worker text, p_adapters jsonb) returns void
language sql security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  update conclave.workers set adapters = p_adapters where worker_id = p_worker;
  insert into conclave.adapters (name, description)
  select a ->> 'name', a from jsonb_array_elements(p_adapters) a order by 1
  on conflict (name) do update set description = excluded.description, loaded_at = now();
end;

-- Known adapters, how many living workers there are, have each of them, and have it just as described.
create function conclave.adapters_known()
returns table (
  description jsonb, loaded_at timestamptz, workers integer, workers_having integer, workers_alike integer
)
language sql volatile security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  with living as (
    select w.adapters from conclave.workers w
    where w.worker_id not in (select d from conclave.workers_dead() d)
  )
  select a.description, a.loaded_at,
    (select count(*)::integer from living),
    (select count(*)::integer from living l, jsonb_array_elements(l.adapters) e where e ->> 'name' = a.name),
    (select count(*)::integer from living l, jsonb_array_elements(l.adapters) e where e = a.description)
  from conclave.adapters a order by a.name;
end;

revoke execute on function conclave.worker_loaded(text, jsonb), conclave.adapters_known() from public;
grant execute on function conclave.worker_loaded(text, jsonb), conclave.adapters_known() to {{app_role}};
