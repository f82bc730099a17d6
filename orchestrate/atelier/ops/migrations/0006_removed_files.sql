-- The loader adds a stream's new column only when it loads; a transformation may come before that.
alter table if exists raw_ftplogs.log_files add column if not exists removed_at timestamp;
