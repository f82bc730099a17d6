-- Names of users are ASCII; the locale of the database has no say in which are the same.
drop index serve.users_by_name;

create unique index users_by_name on serve.users (lower(username collate "C"));

-- Addresses from which a user has logged in before, as keyed hashes: wrong passwords from elsewhere do not lock them out.
create table serve.known_places (
    place bytea primary key,
    user_id bigint not null references serve.users on delete cascade,
    last_used_at timestamptz not null default now()
);

create index known_places_by_user on serve.known_places (user_id);

-- One entry for many attempts of one kind.
alter table serve.audit add column times integer not null default 1;
