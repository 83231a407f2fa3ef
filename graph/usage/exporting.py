"""Exporting: counts enter, files of three forms leave: ours, graphql-inspector's and Hive's.

Sources: https://the-guild.dev/graphql/inspector/docs/essentials/diff#considerusage (a module with a hook),
https://the-guild.dev/graphql/hive/docs/api-reference/usage-reports (a report, version 2)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, get_named_type

from graph.contract.usage import Usage
from graph.usage.batch import OperationText
from graph.usage.reading import Recorded, RunsOfADay
from graph.usage.unused import implied

MS = 1_000
NS_PER_S = 1_000_000_000


def ours(usage: Usage) -> str:
    """The file that `trellis schema check --usage FILE` takes; `graph.contract.usage` has its form."""
    records = [
        {
            "coordinate": coordinate,
            "client": used.client,
            "version": used.version,
            "count": used.count,
            "last": used.last.isoformat(),
        }
        for coordinate, uses in sorted(usage.uses.items())
        for used in uses
    ]
    form = {"version": 1, "days": usage.days, "until": usage.until.isoformat(), "overflow": usage.overflow}
    return json.dumps(form | {"usage": records}, indent=1, ensure_ascii=False) + "\n"


_HOOK = """\
// Who used what in {days} days until {until}, counted by Trellis. For graphql-inspector:
//   graphql-inspector diff old.graphql new.graphql --rule considerUsage --onUsage THIS_FILE
// true: nobody used it, so that the change is safe. Unless an argument or an input field is removed, its change touches
// also those who leave it out: all who use the field or the input type.
const lost = {overflow};
const used = new Set({used});
const types = new Set([...used].map(coordinate => coordinate.split('.')[0]));

function isUsed(type, field, argument) {{
  if (argument !== undefined) return used.has(`${{type}}.${{field}}(${{argument}}:)`);
  if (field !== undefined) return used.has(`${{type}}.${{field}}`) || used.has(`${{type}}(${{field}}:)`);
  return types.has(type);
}}

module.exports = async changes => changes.map(({{ type, field, argument, meta }}) => {{
  if (lost > 0) return false;
  if (meta.change.type.endsWith('_REMOVED')) return !isUsed(type, field, argument);
  if (argument !== undefined) return !isUsed(type, field);
  const isOfInput = meta.change.type.startsWith('INPUT_FIELD') || type.startsWith('@');
  return isOfInput ? !isUsed(type) : !isUsed(type, field);
}});
"""


def inspector(usage: Usage, schema: GraphQLSchema) -> str:
    """A CommonJS module with the hook of graphql-inspector's rule `considerUsage`."""
    used = sorted({*usage.uses, *implied(schema, usage)})
    written = json.dumps(used, indent=1)
    return _HOOK.format(days=usage.days, until=usage.until, overflow=usage.overflow, used=written)


def hive(recorded: Recorded, schema: GraphQLSchema) -> str:
    """A usage report for Hive, version 2: one entry for each run, as Hive counts them.

    Counts have a day, no time: runs are reported at its noon, and with the average of their durations. Operations whose
    document was not kept are left out, for Hive knows operations only by their documents.
    """
    kept = [runs for runs in recorded.runs if runs.operation in recorded.operations]
    operations = [entry for runs in kept for entry in _entries(runs)]
    texts = [recorded.operations[hash_] for hash_ in sorted({runs.operation for runs in kept})]
    documents = {text.hash: record for text in texts if (record := _record(text, schema))["fields"]}
    operations = [entry for entry in operations if entry["operationMapKey"] in documents]
    return json.dumps({"size": len(operations), "map": documents, "operations": operations}, ensure_ascii=False) + "\n"


def _entries(runs: RunsOfADay) -> Iterator[Mapping[str, Any]]:
    sums = runs.runs
    noon = datetime.combine(runs.day, time(12), UTC)
    client = {"name": runs.client.name, "version": runs.client.version or "unknown"}
    for number in range(sums.runs):
        failed = number < sums.failed
        execution = {
            "ok": not failed,
            "duration": round(sums.duration_s / sums.runs * NS_PER_S),
            "errorsTotal": int(failed),
        }
        yield {
            "operationMapKey": runs.operation,
            "timestamp": round(noon.timestamp() * MS),
            "execution": execution,
            "metadata": {"client": client},
        }


def _record(text: OperationText, schema: GraphQLSchema) -> dict[str, Any]:
    fields = sorted(set(_in_dots(text.coordinates.splitlines(), schema)))
    return {"operation": text.document, "operationName": text.name or "anonymous", "fields": fields}


def _in_dots(coordinates: Iterable[str], schema: GraphQLSchema) -> Iterator[str]:
    """Coordinates as Hive writes them, `Type.field.argument`.

    Of the values of variables it counts, unless told otherwise, everything that their types allow: so do we, because
    counts do not say which operation a value came with.
    """
    for coordinate in coordinates:
        if coordinate.startswith("@"):
            continue
        if "." in coordinate:
            yield coordinate.replace("(", ".").removesuffix(":)")
        else:
            yield from _within(coordinate, schema, set())


def _within(name: str, schema: GraphQLSchema, seen: set[str]) -> Iterator[str]:
    type_ = schema.get_type(name)
    if name in seen:
        return
    seen.add(name)
    if isinstance(type_, GraphQLEnumType):
        yield from (f"{name}.{value}" for value in type_.values)
    elif isinstance(type_, GraphQLInputObjectType):
        for field_name, field in type_.fields.items():
            yield f"{name}.{field_name}"
            yield from _within(get_named_type(field.type).name, schema, seen)
    else:
        yield name
