#!/bin/sh
# Run once by the PostgreSQL image, when its data folder is new: the pipeline's user, who is no superuser, and its
# database. The user may create roles, which docs/adr/0011 explains.
set -eu
ATELIER_PASSWORD=$(cat /run/secrets/postgres_password)
export ATELIER_PASSWORD
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\getenv role ATELIER_ROLE
\getenv database ATELIER_DATABASE
\getenv password ATELIER_PASSWORD
create role :"role" login createrole password :'password';
create database :"database" owner :"role";
revoke connect, temporary on database :"database" from public;
SQL
unset ATELIER_PASSWORD
