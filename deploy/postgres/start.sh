#!/bin/sh
# Starts a server. One that has no data yet and that FOLLOWS another one copies that one first, and is its replica.
set -eu
if [ -n "${FOLLOWS:-}" ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    export PGPASSWORD="$REPLICATION_PASSWORD"
    # A slot of ours that a copy before has left behind would be in the way.
    psql --no-psqlrc --quiet --host "$FOLLOWS" --username replication --dbname postgres --set ON_ERROR_STOP=1 \
        --set slot="$SLOT" --output /dev/null <<'SQL'
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = :'slot' AND NOT active;
SQL
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    # The slot keeps what the replica has not read yet, as far as max_slot_wal_keep_size lets it.
    pg_basebackup --host "$FOLLOWS" --username replication --no-password --pgdata "$PGDATA" \
        --wal-method stream --checkpoint fast --write-recovery-conf --create-slot --slot "$SLOT"
    unset PGPASSWORD
fi
exec docker-entrypoint.sh "$@"
