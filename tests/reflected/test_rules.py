"""Rules that follow from CHECKs agree with the database, value by value, and are never narrower."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from db.reflection.plan import PlannedRule
from db.session.engines import Engines
from graph.reflected.models import Models
from graph.reflected.rules import check_of
from graph.writing import Check
from tests.databases import Database, settings_for
from tests.db.reflection.databases import model, planned

COLUMNS = (
    "number INTEGER, other INTEGER, exact NUMERIC(6,2), day DATE, starts TIMESTAMP, ends TIMESTAMP, word VARCHAR(20)"
)
TEXTS = ["", "a", "new", "NEW", "old ", "o'k", "é", "日本語", "AB1", "xAB12y", "a@b", "a\nb", "1", "٣", "a.b", "x{y}"]
VALUES: dict[str, Sequence[Any]] = {
    "number": [None, -6, -5, 0, 1, 2, 3, 4, 5, 6, 2**31 - 1],
    "other": [None, 0, 3],
    "exact": [None, Decimal("-0.01"), Decimal("0.10"), Decimal("0.11"), Decimal(5)],
    "day": [None, date(1899, 12, 31), date(1900, 1, 1), date(2020, 2, 29)],
    "starts": [None, datetime(2020, 1, 1, 12)],  # noqa: DTZ001 - as the column has it
    "ends": [None, datetime(2020, 1, 1, 11), datetime(2020, 1, 1, 12), datetime(2021, 1, 1)],  # noqa: DTZ001 - the same
    "word": [None, *TEXTS],
}

WHOLE = {
    "number > 0": 1,
    "0 < number": 1,
    "number >= -5 AND number <> 3": 2,
    "number BETWEEN 1 AND 5": 2,
    "number IN (1, 3, -5)": 1,
    "number = 1 OR number = 2 OR number IN (5, 6)": 1,
    "number IS NULL OR number > 2.5": 1,
    "number > other": 1,
    "exact >= 0.1": 1,
    "exact < 5 AND (exact > -0.01)": 2,
    "day >= '1900-01-01'": 1,
    "starts <= ends": 1,
    "word IN ('new', 'o''k')": 1,
    "word <> ''": 1,
    "length(word) <= 3": 1,
    "2 <= length(word)": 1,
    "word LIKE '_@%'": 1,
}
"""By CHECK, how many rules say all of it."""
OF_POSTGRESQL = {
    "word ~ '^[A-Z]{2}[0-9]+$'": 1,
    "word ~ '[A-Z]{2}[0-9]'": 1,
    "word ~* '^(new|old)'": 1,
    r"word ~ '^a\.b$|^x.*\}$'": 1,
    "char_length(word) = 3": 1,
    "word = ANY (ARRAY['a', 'new'])": 1,
    "exact > 0.1::numeric": 1,
}
IN_PART = {
    "number > 0 AND abs(number) < 5": 1,
    "number > 0 OR other > 0": 0,
    "number IS NOT NULL OR word > 'a'": 0,
    "NOT (number = 1)": 0,
    "word > 'b'": 0,
    "upper(word) = word": 0,
    "number % 2 = 0": 0,
    "coalesce(number, 0) < 3": 0,
    "CAST(exact AS INTEGER) = 0": 0,
    "word LIKE 'a%' AND 1 = 1": 1,
}
"""Of these, a part is said, or nothing; the rest is the database's affair."""
OF_POSTGRESQL_IN_PART = {
    r"word ~ '^\d$'": 1,
    r"word ~ '\Aa'": 0,
    "word ~ '[[:alpha:]]'": 0,
    "word ~ '(?i)new'": 0,
    "word ~ '(a)\\1'": 0,
    "word ~ '[^a]b'": 1,
    "word !~ 'a'": 0,
    "day > CURRENT_DATE": 0,
    "exact::integer = 0": 0,
    "word COLLATE \"C\" = 'a'": 0,
    "number = 1 NOT ENFORCED": 0,
}


async def test_rules_say_what_checks_do(blank_database: Database, subtests: pytest.Subtests) -> None:
    is_postgresql = blank_database.dialect == "postgresql"
    whole = WHOLE | (OF_POSTGRESQL if is_postgresql else {})
    checks = whole | IN_PART | (OF_POSTGRESQL_IN_PART if is_postgresql else {})
    named = {f"Row{at}Of": sql for at, sql in enumerate(checks)}
    tables = [
        f"CREATE TABLE row{at}_of (id INTEGER PRIMARY KEY, {COLUMNS}, CHECK {_written(sql)})"
        for at, sql in enumerate(checks)
    ]
    plan = await planned(blank_database, "\n\n".join(tables))
    models, engines = Models(plan), Engines(settings_for(blank_database))
    for class_name, sql in named.items():
        with subtests.test(sql):
            rules = model(plan, class_name).rules
            assert len(rules) == checks[sql], rules
            taken = await _taken(engines, models[class_name], _names(rules) or ["number"])
            for values, is_taken in taken:
                holds = all(_holds(check_of(rule), values) for rule in rules)
                assert holds is is_taken if sql in whole else holds or not is_taken, values
    await engines.dispose()


def _written(sql: str) -> str:
    """NOT ENFORCED stands behind the condition."""
    condition, _, flag = sql.partition(" NOT ENFORCED")
    return f"({condition}){' NOT ENFORCED' if flag or sql.endswith('ENFORCED') else ''}"


def _names(rules: Sequence[PlannedRule]) -> list[str]:
    return sorted({name for rule in rules for name in rule.names})


def _holds(check: Check, values: dict[str, Any]) -> bool:
    return check.holds([values[name] for name in check.names])


async def _taken(engines: Engines, cls: Any, names: Sequence[str]) -> list[tuple[dict[str, Any], bool]]:
    """Rows of values, and whether the database takes each."""
    rows: list[dict[str, Any]] = [{}]
    for name in names:
        rows = [{**row, name: value} for row in rows for value in VALUES[name]]
    found = []
    async with engines.writing().begin() as connection:
        for at, row in enumerate(rows):
            try:
                async with connection.begin_nested():
                    await connection.execute(insert(cls.__table__).values(id=at, **row))
                found.append((row, True))
            except IntegrityError:
                found.append((row, False))
    return found


DOMAIN = """
CREATE DOMAIN percent AS integer CHECK (VALUE >= 0) CHECK (VALUE <= 100)

CREATE TABLE marks (id INTEGER PRIMARY KEY, reached percent, of percent NOT NULL, code TEXT COLLATE "C",
CHECK (code IN ('a', 'b')))
"""
COLLATED = "CREATE TABLE marks (id INTEGER PRIMARY KEY, code TEXT COLLATE NOCASE CHECK (code IN ('a', 'b')))"


async def test_what_a_domain_checks_is_a_rule_of_its_columns(blank_database: Database) -> None:
    is_postgresql = blank_database.dialect == "postgresql"
    plan = await planned(blank_database, DOMAIN if is_postgresql else COLLATED)
    rules = [tuple(rule) for rule in model(plan, "Mark").rules]
    of_domain = [(name, *rest) for name in ("reached", "of") for rest in ((">=", 0), ("<=", 100))]
    assert rules == ([*of_domain, ("code", ("a", "b"))] if is_postgresql else [])
