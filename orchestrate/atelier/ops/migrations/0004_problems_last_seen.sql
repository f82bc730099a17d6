-- The loader adds a stream's new column only when it loads; a transformation may come before that.
alter table if exists raw_ftplogs.source_problems add column if not exists last_seen_at timestamp;
