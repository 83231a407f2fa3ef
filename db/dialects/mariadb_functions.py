"""The functions of `db.functions` in SQL of MariaDB and MySQL.

Functions enter as names, templates of SQL leave; `{0}` and `{1}` are the arguments. Some arguments are bound in another
form than they are given in: as a pattern, as the offsets of a zone. Nothing is executed here.
Sources: https://mariadb.com/kb/en/built-in-functions/, https://dev.mysql.com/doc/refman/8.4/en/functions.html
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import BindParameter, Dialect, LargeBinary, Text, TypeCoerce, cast, null
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import String, TypeDecorator

from db.dialects import mariadb_json, mariadb_json_places, mariadb_moments, mariadb_texts
from db.dialects.interface import DatabaseDialect, Function, FunctionName
from db.dialects.mariadb_types import PRECISION, SCALE
from db.relations import ColumnType, Expression, stored


class TextPattern(TypeDecorator[str]):
    """A pattern of `db.patterns`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """In the words of PCRE."""
        return None if value is None else mariadb_texts.pattern(value)


BOUND: Mapping[tuple[FunctionName, int], type[TypeDecorator[str]]] = {
    (FunctionName.MATCHES, 1): TextPattern,
    (FunctionName.JSON_AT, 1): mariadb_json.JSONPathPattern,
    (FunctionName.JSON_ORDER, 1): mariadb_json_places.JSONPlace,
    (FunctionName.JSON_CONTAINS, 1): mariadb_json.JSONContainedPattern,
    (FunctionName.JSON_HAS_KEY, 1): mariadb_json.JSONKeyPattern,
    (FunctionName.MOMENT_START, 2): mariadb_moments.ZoneClock,
}
"""Arguments that are bound in another form."""

_KIND = mariadb_json.kind_sql("{0}")
_BEGINNINGS = mariadb_json.BEGINNINGS.replace("{", "{{")

# More than 65 digits are none of this database's decimals: a number that EXP makes too large is an error.
_EXACTLY = f"CAST(CAST({{0}} AS CHAR) AS DECIMAL({PRECISION}, {SCALE}))"
_TOO_LARGE = f"CAST(EXP(1000 + ABS({{0}})) AS DECIMAL({PRECISION}, {SCALE}))"

FUNCTIONS: Mapping[FunctionName, str] = {
    FunctionName.DECIMAL_OF_DOUBLE: f"IF(ABS({{0}}) >= 1e{PRECISION - SCALE}, {_TOO_LARGE}, {_EXACTLY})",
    FunctionName.SHUFFLED: "MD5(CONCAT_WS('/', {parts}))",
    FunctionName.MATCHES: mariadb_texts.MATCHES,
    FunctionName.JSON_AT: "NULLIF(REGEXP_SUBSTR({0}, {1}), '')",
    FunctionName.JSON_KIND: (
        f"ELT(LOCATE({_KIND}, '{_BEGINNINGS}'),"
        f" {mariadb_json.kinds(map(repr, ('object', 'array', 'string', 'boolean', 'null', 'number')))})"
    ),
    FunctionName.JSON_TEXT: f"IF({_KIND} = '\"', {mariadb_json.unquoted('{0}')}, NULL)",
    FunctionName.JSON_ORDER: (
        f"IF(ELT(LOCATE({_KIND}, '{_BEGINNINGS}'), {mariadb_json.kinds('541302')}) = LEFT({{1}}, 1),"
        f" STRCMP({mariadb_json_places.place_sql('{0}')}, {{1}}), NULL)"
    ),
    FunctionName.JSON_SORTED: mariadb_json_places.sorted_sql("{0}"),
    FunctionName.JSON_CONTAINS: "({0} REGEXP {1})",
    FunctionName.JSON_HAS_KEY: "({0} REGEXP {1})",
    FunctionName.JSON_WRITTEN: mariadb_json_places.written_sql("{0}"),
    FunctionName.MOMENT_START: mariadb_moments.MOMENT_START,
    FunctionName.LOCAL_START: mariadb_moments.LOCAL_START,
    FunctionName.DAY_START: mariadb_moments.DAY_START,
}
"""SQL by function."""


class MariaDBFunctions(DatabaseDialect):
    """How the functions of `db.functions` are called."""

    functions: ClassVar[Mapping[FunctionName, str]] = {**DatabaseDialect.functions, **FUNCTIONS}

    def takes_for_equal(self, type_: ColumnType) -> bool:
        """Most collations do."""
        return mariadb_texts.takes_for_equal(type_)

    def function_sql(self, function: Function, compiler: SQLCompiler, **kw: Any) -> str:
        """With arguments in the form that the function takes."""
        name = FunctionName(function.name)
        if name is FunctionName.FIRST_IN_ORDER:
            return self._first_in_order(function, compiler, **kw)
        arguments = [
            self._bound(argument, BOUND[name, place], compiler, **kw)
            if (name, place) in BOUND
            else self.argument_sql(argument, compiler, **kw)
            for place, argument in enumerate(function.clauses)
        ]
        if name is FunctionName.MATCHES:
            arguments[0] = mariadb_texts.exact(arguments[0], compiler.dialect)
        template = self.template(function, compiler.dialect)
        assert template is not None, name  # there is one for each
        return template.format(*arguments)

    def template(self, function: Function, dialect: Dialect) -> str | None:
        """Texts under the collations of this server; of a key, as many parts as there are."""
        name = FunctionName(function.name)
        if name is FunctionName.FOLD_CASE:
            return mariadb_texts.fold_case(dialect)
        if name is FunctionName.WITHOUT_ACCENTS:
            return mariadb_texts.without_accents_sql(dialect)
        if name is FunctionName.PLAIN_TEXT:
            (text,) = function.clauses
            return mariadb_texts.plain_text(_type_of(text), dialect)
        if name is FunctionName.SHUFFLED:
            parts = (f"CAST({{{number}}} AS CHAR)" for number in range(len(function.clauses)))
            return self.functions[name].replace("{parts}", ", ".join(parts))
        return super().template(function, dialect)

    def _bound(self, argument: Expression, type_: type[TypeDecorator[str]], compiler: SQLCompiler, **kw: Any) -> str:
        value: Any = argument
        while isinstance(value, TypeCoerce | Grouping):
            value = value.clause if isinstance(value, TypeCoerce) else value.element
        if not isinstance(value, BindParameter):
            raise CompileError("This database computes it with a bound value alone; bind the last argument.")
        return str(compiler.process(TypeCoerce(value, type_()), **kw))

    def _first_in_order(self, function: Function, compiler: SQLCompiler, **kw: Any) -> str:
        """The first of all values as texts, which have a sign in front: GROUP_CONCAT leaves null out."""
        value, condition, *terms = (self.argument_sql(it, compiler, **kw) for it in function.clauses)
        marked = f"CASE WHEN {condition} THEN COALESCE(CONCAT('=', {value}), '') END"
        order = f" ORDER BY {', '.join(terms)}" if terms else ""
        found = f"NULLIF(GROUP_CONCAT({marked}{order} LIMIT 1), '')"
        kept = stored(function.type, compiler.dialect)
        rest = f"SUBSTR({found}, 2)"
        if isinstance(kept, String | LargeBinary):
            return rest
        return f"CAST({rest} AS {compiler.process(cast(null(), function.type).typeclause, **kw)})"


def _type_of(text: Expression) -> ColumnType:
    return text.clause.type if isinstance(text, TypeCoerce) else text.type
