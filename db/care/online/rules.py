"""What squawk's rules mean for servers that run, in our words, with the way that Alembic has it.

Rules that are not here are about taste, or about what Alembic sees to. Limits of locks are ours, for squawk looks at
the first transaction alone.

Source: https://squawkhq.com/docs/rules
"""

from collections.abc import Mapping
from typing import NamedTuple

from db.care.online.finding import Effect

GONE = frozenset({"ban-drop-column", "ban-drop-table", "renaming-column", "renaming-table"})
"""Rules about names that are gone afterwards."""


class Rule(NamedTuple):
    """What a rule of squawk means."""

    effect: Effect
    message: str
    instead: frozenset[str] = frozenset()
    """Rules that say less of the same statement."""


NEW_CONSTRAINT = "constraint-missing-not-valid"
_VALIDATE = (
    " Add it with postgresql_not_valid=True, and validate it in the next revision: op.execute('ALTER TABLE … VALIDATE"
    " CONSTRAINT …') lets everybody go on."
)
_EXPAND = "Let the release before stop using it, and only the next one take it away."

RULES: Mapping[str, Rule] = {
    "adding-field-with-default": Rule(
        Effect.BLOCKS,
        "The value is worked out for each row, so the table is written anew while nobody reads or writes it. Add the"
        " column without a default, fill it in batches, and give it the default for new rows.",
    ),
    "changing-column-type": Rule(
        Effect.BLOCKS,
        "The table is written anew while nobody reads or writes it, unless the new type holds all that the old one"
        " does as it is (a longer varchar, or text). Add another column, write to both, fill it in batches, read the"
        " new one, and drop the old one with a later release.",
    ),
    "adding-not-nullable-field": Rule(
        Effect.BLOCKS,
        "All rows are read while nobody reads or writes the table. First add CHECK (… IS NOT NULL) with"
        " postgresql_not_valid=True, validate it in the next revision, then set NOT NULL, which reads no rows, and"
        " drop the CHECK.",
    ),
    "adding-required-field": Rule(
        Effect.FAILS,
        "A column without a default cannot be NOT NULL where there are rows, and servers that do not know it can"
        " insert none. Give it a server_default, or let it be null until all servers write it.",
    ),
    "adding-serial-primary-key-field": Rule(
        Effect.BLOCKS,
        "The table is written anew while nobody reads or writes it. Add the column, fill it in batches, make a unique"
        " index with postgresql_concurrently=True, and make that the key: ADD PRIMARY KEY USING INDEX.",
        frozenset({NEW_CONSTRAINT}),
    ),
    "adding-foreign-key-constraint": Rule(
        Effect.BLOCKS,
        "All rows are read while nobody writes to either table." + _VALIDATE,
        frozenset({NEW_CONSTRAINT}),
    ),
    "disallowed-unique-constraint": Rule(
        Effect.BLOCKS,
        "An index is made while nobody reads or writes the table. Make a unique index with"
        " postgresql_concurrently=True first, and the constraint of it: ADD CONSTRAINT … UNIQUE USING INDEX.",
        frozenset({NEW_CONSTRAINT}),
    ),
    NEW_CONSTRAINT: Rule(Effect.BLOCKS, "All rows are read while nobody writes to the table." + _VALIDATE),
    "require-concurrent-index-creation": Rule(
        Effect.BLOCKS,
        "Nobody writes to the table while the index is made. Make it with postgresql_concurrently=True in a block of"
        " `with op.get_context().autocommit_block():`, in a revision of its own.",
    ),
    "require-concurrent-index-deletion": Rule(
        Effect.BLOCKS,
        "Nobody reads or writes the table meanwhile, and everybody waits behind whoever reads it longest. Drop it with"
        " postgresql_concurrently=True in a block of `with op.get_context().autocommit_block():`.",
    ),
    "ban-concurrent-index-creation-in-transaction": Rule(
        Effect.FAILS,
        "PostgreSQL refuses that in a transaction. Put it into `with op.get_context().autocommit_block():`.",
    ),
    "ban-drop-column": Rule(Effect.BREAKS, f"Servers that run may read the column. {_EXPAND}"),
    "ban-drop-table": Rule(Effect.BREAKS, f"Servers that run may read the table. {_EXPAND}"),
    "renaming-column": Rule(
        Effect.BREAKS,
        "Servers that run may read the column by its old name. Name the attribute otherwise and keep the column; or"
        " add another one, write to both, and drop the old one with a later release.",
    ),
    "renaming-table": Rule(
        Effect.BREAKS,
        "Servers that run may read the table by its old name. Keep the name; or leave a view behind under the old"
        " one, until no server reads it.",
    ),
    "renaming-object": Rule(
        Effect.BREAKS,
        "Servers that run may know it by its old name. Make another one beside it, and take the old one away with a"
        " later release.",
    ),
    "ban-set-schema": Rule(
        Effect.BREAKS,
        "Servers that run look for it where it was. Leave a view behind, until no server reads it there.",
    ),
    "ban-drop-view": Rule(Effect.BREAKS, f"Servers that run may read the view. {_EXPAND}"),
    "ban-drop-schema": Rule(Effect.BREAKS, f"Servers that run may read what is in the schema. {_EXPAND}"),
    "ban-truncate-cascade": Rule(
        Effect.BREAKS, "It empties every table that refers to this one, too. Name the tables that are meant."
    ),
    "require-concurrent-reindex": Rule(
        Effect.BLOCKS,
        "Nobody writes to the table meanwhile, and readers wait, too. Write REINDEX … CONCURRENTLY in a block of `with"
        " op.get_context().autocommit_block():`.",
    ),
    "require-concurrent-partition-detach": Rule(
        Effect.BLOCKS,
        "Nobody reads or writes the table until it is done. Write DETACH PARTITION … CONCURRENTLY in a block of `with"
        " op.get_context().autocommit_block():`.",
    ),
}

ANYWHERE = frozenset(name for name, rule in RULES.items() if rule.effect is Effect.BREAKS) | {"adding-required-field"}
"""Rules that hold on every database; the others are about locks of PostgreSQL."""

WITHOUT_LIMIT = (
    "It waits for a lock without a limit, and everybody else queues behind it. Begin the revision with"
    " op.execute(\"SET LOCAL lock_timeout = '5s'\"), as the template has it (`give_way()`), and run it again"
    " when it has given up."
)
"""What is said of a revision that takes locks and says nothing of how long it waits for them."""
