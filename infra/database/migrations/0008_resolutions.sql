-- What turned out to be true, and the trials of models that follow from it: written once, never changed.

create table conclave.resolutions (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  answer_key text collate "C" not null,
  answer text not null,
  note text,
  question_kind text collate "C" not null,
  resolved_at timestamptz not null,
  primary key (tenant_id, collaboration_id)
);

-- One blind answer each. `provider` and `model` are those of the seat when its run was planned.
create table conclave.trials (
  tenant_id text collate "C" not null,
  provider text collate "C" not null,
  model text collate "C" not null,
  simulated boolean not null,
  collaboration_id text collate "C" not null,
  seat text collate "C" not null,
  question_kind text collate "C" not null,
  confidence double precision check (confidence between 0 and 1),
  is_right boolean not null,
  primary key (tenant_id, provider, model, simulated, collaboration_id, seat)
);

do $$
declare
  v_table text;
  v_own text := 'tenant_id = nullif(current_setting(''conclave.tenant'', true), '''')';
begin
  foreach v_table in array array['resolutions', 'trials'] loop
    execute format('alter table conclave.%I enable row level security', v_table);
    execute format('alter table conclave.%I force row level security', v_table);
    execute format('create policy tenant_wall on conclave.%I using (%s) with check (%s)', v_table, v_own, v_own);
  end loop;
end
$$;

grant select, insert on conclave.resolutions, conclave.trials to {{app_role}};
