-- One row per incident: an alert from when it was first seen until it was gone.
create table ops.alert_incidents (
    incident_id uuid primary key,
    -- As in marts.fct_alerts, when it was last seen there.
    alert_id text not null,
    kind text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    machine_id text,
    subject text not null,
    since timestamptz not null,
    title text not null,
    what_to_do text not null,
    details text not null,
    opened_at timestamptz not null,
    seen_at timestamptz not null,
    -- Null while it lasts.
    gone_at timestamptz,
    times_reopened integer not null default 0
);

create unique index alert_incidents_open on ops.alert_incidents (alert_id) where gone_at is null;
create index alert_incidents_by_end on ops.alert_incidents (gone_at);

-- What each way of telling has told of an incident.
create table ops.alert_notices (
    incident_id uuid not null references ops.alert_incidents on delete cascade,
    channel text not null check (channel in ('email', 'webhook')),
    state text not null check (state in ('untold', 'open', 'over')),
    told_at timestamptz,
    -- The Message-ID of the first e-mail: what follows belongs to it.
    thread_id text,
    message_count integer not null default 0,
    primary key (incident_id, channel)
);
