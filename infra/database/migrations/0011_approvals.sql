-- What people are asked and answer, by approval. The ledger is the truth: each row follows from the events of its approval,
-- in their transaction, whoever appends them.

create table conclave.approvals (
  tenant_id text collate "C" not null,
  collaboration_id text collate "C" not null,
  approval text collate "C" not null,
  point text collate "C" not null,
  state text collate "C" not null check (state in ('pending', 'answered', 'expired', 'withdrawn')),
  question text not null,
  answers json not null,
  on_expiry text not null,
  requested_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  settled_at timestamptz(3),
  answered_by text,
  answer text,
  -- Key of the answer that decides, for an edit.
  choice text,
  words text,
  comment text,
  remember boolean not null default false,
  primary key (tenant_id, collaboration_id, approval)
) with (fillfactor = 80);
create index approvals_by_time on conclave.approvals (tenant_id, requested_at, collaboration_id, approval);
-- Few wait at any time, and it is these that are looked for.
create index approvals_pending on conclave.approvals (tenant_id, requested_at, collaboration_id, approval)
  where state = 'pending';

alter table conclave.approvals enable row level security;
alter table conclave.approvals force row level security;
create policy tenant_wall on conclave.approvals
  using (tenant_id = nullif(current_setting('conclave.tenant', true), ''))
  with check (tenant_id = nullif(current_setting('conclave.tenant', true), ''));
grant select, insert, update on conclave.approvals to {{app_role}};

-- A run waits as long as one of its approvals is pending, unless it is paused.
create function conclave.approval_follow() returns trigger
language plpgsql as $$
declare
  v_name text := new.data ->> 'approval';
begin
  if new.type = 'conclave.approval.requested.v1' then
    insert into conclave.approvals (tenant_id, collaboration_id, approval, point, state, question, answers, on_expiry,
      requested_at, expires_at)
    values (new.tenant_id, new.stream_id, v_name, new.data ->> 'point', 'pending',
      coalesce(new.data #>> '{content,question}', ''), new.data -> 'answers', new.data ->> 'onExpiry', new.time,
      new.time + (new.data ->> 'expiresAfterMs')::bigint * interval '1 millisecond')
    on conflict do nothing;
    update conclave.collaborations set status = 'waiting'
    where tenant_id = new.tenant_id and id = new.stream_id and status = 'running';
    return null;
  end if;
  update conclave.approvals set
    state = case new.type
      when 'conclave.approval.answered.v1' then 'answered'
      when 'conclave.approval.expired.v1' then 'expired'
      else 'withdrawn'
    end,
    settled_at = new.time, answered_by = new.data ->> 'by', answer = new.data ->> 'answer',
    choice = new.data ->> 'choice', words = new.data #>> '{content,text}', comment = new.data #>> '{content,comment}',
    remember = coalesce((new.data ->> 'remember')::boolean, false)
  where tenant_id = new.tenant_id and collaboration_id = new.stream_id and approval = v_name and state = 'pending';
  update conclave.collaborations set status = 'running'
  where tenant_id = new.tenant_id and id = new.stream_id and status = 'waiting' and not exists (
    select from conclave.approvals a
    where a.tenant_id = new.tenant_id and a.collaboration_id = new.stream_id and a.state = 'pending');
  return null;
end
$$;

create trigger approval_follows after insert on conclave.events for each row
when (new.type in ('conclave.approval.requested.v1', 'conclave.approval.answered.v1', 'conclave.approval.expired.v1',
  'conclave.approval.withdrawn.v1'))
execute function conclave.approval_follow();

-- A run that begins, or goes on after a pause, while people are waited for does not run but waits.
create function conclave.status_with_approvals() returns trigger
language plpgsql as $$
begin
  if exists (
    select from conclave.approvals a
    where a.tenant_id = new.tenant_id and a.collaboration_id = new.id and a.state = 'pending')
  then
    new.status := 'waiting';
  end if;
  return new;
end
$$;

create trigger status_follows before update of status on conclave.collaborations for each row
when (new.status = 'running' and old.status is distinct from 'running')
execute function conclave.status_with_approvals();

revoke execute on function conclave.approval_follow() from public;
revoke execute on function conclave.status_with_approvals() from public;
