-- An open breaker lets one call through and waits for what becomes of it. Here that one ends without a word about the
-- provider's health: it asked for a wait, or refused what was asked. Then the next one is let through at once, not only
-- after the minute that is kept for a caller who died.

create or replace function conclave.account_failed(p_account text, p_retry_after_ms integer) returns void
language plpgsql security definer set search_path = conclave, pg_catalog, pg_temp as $$
declare
  v provider_accounts%rowtype;
  v_now timestamptz := clock_timestamp();
  v_open_ms integer;
begin
  perform accounts_lock(array[p_account]);
  select * into v from provider_accounts where account = p_account;
  if p_retry_after_ms is not null then
    update provider_accounts
    set blocked_until = greatest(v.blocked_until, v_now + p_retry_after_ms * interval '1 millisecond'),
      probe_until = null
    where account = p_account;
  elsif v.state = 'half-open' or (v.state = 'closed' and v.failures + 1 >= 5) then
    v_open_ms := least(greatest(v.open_ms * 2, 10000), 120000);
    update provider_accounts set state = 'open', failures = v.failures + 1, open_ms = v_open_ms,
      open_until = v_now + v_open_ms * interval '1 millisecond', probe_until = null
    where account = p_account;
  else
    update provider_accounts set failures = v.failures + 1 where account = p_account;
  end if;
end
$$;

-- A call ended that says nothing about the provider.
create function conclave.account_probe_ended(p_account text) returns void
language sql volatile security definer set search_path = conclave, pg_catalog, pg_temp
begin atomic
  update conclave.provider_accounts set probe_until = null
  where account = p_account and probe_until is not null;
end;

revoke execute on function conclave.account_probe_ended(text) from public;
grant execute on function conclave.account_probe_ended(text) to {{app_role}};
