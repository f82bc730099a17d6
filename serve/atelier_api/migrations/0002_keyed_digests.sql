-- What is kept of a secret is keyed with the server's own from here on. Of an API key it can be made from what is kept (at
-- start); everybody else logs in again.
update serve.sessions set revoked_at = now() where revoked_at is null;

delete from serve.refresh_tokens;

delete from serve.links where used_at is null;

alter table serve.api_keys add column is_keyed boolean not null default false;

alter table serve.api_keys alter column is_keyed set default true;
