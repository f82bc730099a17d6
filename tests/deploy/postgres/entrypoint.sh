#!/bin/bash
# What the official image does when its data folder is new: initdb, a server without TCP, the scripts of
# /docker-entrypoint-initdb.d, then the server itself.
set -Eeo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    chmod 0700 "$PGDATA"
    eval "initdb --username=postgres --pwfile=<(cat '$POSTGRES_PASSWORD_FILE') $POSTGRES_INITDB_ARGS"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        "$script"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" --listen_addresses='*' --unix_socket_directories=/var/run/postgresql
