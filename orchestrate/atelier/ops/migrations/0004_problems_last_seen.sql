-- The loader adds a stream's new column only when it loads; a transformation may come before that.
alter table if exists raw_ftplogs.source_problems add column if not exists last_seen_at timestamp;

-- What was open before the upgrade stays so until the logs are read the next time.
do $$
begin
    if to_regclass('raw_ftplogs.source_problems') is not null then
        update raw_ftplogs.source_problems set last_seen_at = now() at time zone 'utc'
        where resolved_at is null and last_seen_at is null;
    end if;
end
$$;
