create table serve.users (
    user_id bigint generated always as identity primary key,
    username text not null,
    role text not null check (role in ('reader', 'planner', 'dpo', 'admin')),
    password_hash text,
    is_active boolean not null default true,
    -- Every token names the version it was made for: raising it ends them all.
    token_version integer not null default 1,
    created_at timestamptz not null default now(),
    password_changed_at timestamptz
);

create unique index users_by_name on serve.users (lower(username));

create table serve.sessions (
    session_id uuid primary key default gen_random_uuid(),
    user_id bigint not null references serve.users on delete cascade,
    kind text not null check (kind in ('browser', 'token')),
    -- Of a browser's cookie; the refresh tokens of the other kind have a table of their own.
    secret_hash bytea,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);

create index sessions_by_user on serve.sessions (user_id);

create table serve.refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references serve.sessions on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz
);

create index refresh_tokens_by_session on serve.refresh_tokens (session_id);

create table serve.api_keys (
    key_id text primary key,
    name text not null,
    secret_hash bytea not null,
    scopes text [] not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);

create table serve.links (
    token_hash bytea primary key,
    purpose text not null check (purpose in ('setup', 'password', 'login')),
    user_id bigint references serve.users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    check ((purpose = 'setup') = (user_id is null))
);

-- Subjects are keyed hashes: who mistypes may have typed the password where the name belongs.
create table serve.login_attempts (
    subject bytea primary key,
    failures integer not null,
    last_failed_at timestamptz not null,
    locked_until timestamptz
);

create table serve.audit (
    audit_id bigint generated always as identity primary key,
    occurred_at timestamptz not null default now(),
    actor text,
    action text not null,
    target text,
    address text,
    request_id text,
    details jsonb not null default '{}'
);

create index audit_by_time on serve.audit (occurred_at);
