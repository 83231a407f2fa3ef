#!/bin/sh
# Starts PgBouncer before the PostgreSQL at POSTGRES_HOST. The password stands in memory alone.
set -eu
umask 077
printf '"trellis" "%s"\n' "$DATABASE_PASSWORD" >/tmp/users
printf '[databases]\n* = host=%s port=5432\n' "$POSTGRES_HOST" >/tmp/databases.ini
exec pgbouncer /etc/trellis/pgbouncer.ini
