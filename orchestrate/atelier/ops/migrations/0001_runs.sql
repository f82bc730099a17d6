create table ops.runs (
    run_id uuid primary key,
    -- What `meltano run` was asked for: one job, or several with blanks between them.
    job text not null,
    -- The schedule that started it and the time that it was due; null when somebody ran it by hand.
    schedule text,
    due_at timestamptz,
    environment text not null,
    host text not null,
    process_id integer not null,
    version text not null,
    -- When it got the warehouse for itself, not when it began to wait for it.
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'interrupted')),
    message text,
    -- Rows inserted, updated and deleted in raw; bytes and rejected lines of log files. Null where nothing
    -- was loaded.
    rows_loaded bigint,
    bytes_read bigint,
    lines_rejected bigint,
    check ((outcome = 'running') = (ended_at is null))
);

create index runs_by_start on ops.runs (started_at);
create index runs_by_schedule on ops.runs (schedule, due_at);

create table ops.run_steps (
    run_id uuid not null references ops.runs on delete cascade,
    step_number integer not null,
    step text not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    outcome text not null check (outcome in ('succeeded', 'failed', 'interrupted')),
    message text,
    rows_loaded bigint,
    bytes_read bigint,
    lines_rejected bigint,
    primary key (run_id, step_number)
);
