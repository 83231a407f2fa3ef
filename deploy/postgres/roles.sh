#!/bin/sh
# Run once, by the image of PostgreSQL, when a primary has its first start: the roles of Trellis and of replicas.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname trellis \
    --set application="$DATABASE_PASSWORD" --set replication="$REPLICATION_PASSWORD" <<'SQL'
CREATE ROLE trellis LOGIN PASSWORD :'application';
ALTER DATABASE trellis OWNER TO trellis;
ALTER SCHEMA public OWNER TO trellis;
-- PgBouncer passes neither on (docs/deploy.md#behind-pgbouncer).
ALTER ROLE trellis SET statement_timeout = '30s';
ALTER ROLE trellis SET jit = off;
-- Else its own schema, in which Trellis keeps tables, would hide those of the application: PgBouncer keeps no path.
ALTER ROLE trellis SET search_path = public;
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'replication';
SQL
