#!/bin/sh
# What the start of PostgreSQL's image does, as far as deploy/compose.yaml relies on it: a new server is set up by a
# socket alone, then it listens. Source: https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    printf '%s' "$POSTGRES_PASSWORD" >"$SOCKETS/password"
    initdb --username postgres --pwfile "$SOCKETS/password" --auth-host scram-sha-256 --auth-local trust \
        --locale C.UTF-8 --encoding UTF8 --no-sync >/dev/null
    pg_ctl --wait start --log "$SOCKETS/first.log" \
        --options "-c listen_addresses='' -c unix_socket_directories='$SOCKETS'" >/dev/null
    export PGHOST="$SOCKETS"
    createdb --username postgres "$POSTGRES_DB"
    for script in "$SCRIPTS"/*.sh; do "$script"; done
    unset PGHOST
    pg_ctl --wait stop --mode fast >/dev/null
fi
exec "$@" -c dynamic_shared_memory_type=mmap -c listen_addresses="$ADDRESS" -c unix_socket_directories="$SOCKETS"
