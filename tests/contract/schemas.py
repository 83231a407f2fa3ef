"""Random schemas, and single changes of them, for laws: one change is made, and its coordinate is known.

After two changes a schema is still one: there is enough of everything.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

SCALARS = ("Int", "String", "ID", "Float")
WITH_DEFAULT = "d"
"""The argument or input field of each field or input that has a default."""
LOCATIONS = ("FIELD", "QUERY", "OBJECT", "ENUM_VALUE")


@dataclass
class Value:
    """An argument or an input field."""

    type: str
    default: str | None = None

    def __str__(self) -> str:
        return self.type if self.default is None else f"{self.type} = {self.default}"


@dataclass
class Output:
    """A field of an object."""

    type: str
    arguments: dict[str, Value] = field(default_factory=dict)


@dataclass
class Made:
    """A schema in parts. Each object is a field of the query type."""

    objects: dict[str, dict[str, Output]]
    inputs: dict[str, dict[str, Value]]
    enums: dict[str, list[str]]
    unions: dict[str, list[str]]
    directives: dict[str, list[str]]
    marks: dict[str, str] = field(default_factory=dict)
    """Descriptions by coordinate of a type or a field."""

    def text(self, shuffled: Random | None = None) -> str:
        """The schema as text, its definitions in another order if there is something to shuffle with."""
        query = " ".join(f"{name.lower()}: {name}" for name in (*self.objects, *self.unions))
        parts = [
            f"type Query {{ {query} }}",
            *(self._type("type", name, self._outputs(name, shuffled)) for name in self.objects),
            *(self._type("input", name, _values(self.inputs[name])) for name in self.inputs),
            *(self._type("enum", name, self.enums[name]) for name in self.enums),
            *(f"union {name} = {' | '.join(members)}" for name, members in self.unions.items()),
            *(f"directive @{name} on {' | '.join(locations)}" for name, locations in self.directives.items()),
        ]
        if shuffled:
            shuffled.shuffle(parts)
        return "\n".join(parts)

    def _type(self, keyword: str, name: str, members: Sequence[str]) -> str:
        return f'"{self.marks.get(name, name)}" {keyword} {name} {{ {" ".join(members)} }}'

    def _outputs(self, name: str, shuffled: Random | None) -> Sequence[str]:
        fields = list(self.objects[name].items())
        if shuffled:
            shuffled.shuffle(fields)
        return [f"{it}{_arguments(output.arguments)}: {output.type}" for it, output in fields]


def _values(values: Mapping[str, Value]) -> Sequence[str]:
    return [f"{name}: {value}" for name, value in values.items()]


def _arguments(values: Mapping[str, Value]) -> str:
    return f"({', '.join(_values(values))})" if values else ""


def made(random: Random) -> Made:
    """A schema with a few of everything."""
    enums = {f"E{number}": [f"V{value}" for value in range(random.randint(3, 4))] for number in range(2)}
    inputs = {f"I{number}": _some_values(random, [*SCALARS, *enums]) for number in range(random.randint(1, 2))}
    sent = [*SCALARS, *enums, *inputs]
    objects = {f"T{number}": _some_outputs(random, sent, [*SCALARS, *enums]) for number in range(random.randint(3, 4))}
    unions = {"U": random.sample(list(objects), 3)}
    return Made(objects, inputs, enums, unions, {"d": random.sample(LOCATIONS, 3)})


def _some_values(random: Random, types: Sequence[str]) -> dict[str, Value]:
    values = {f"a{number}": Value(_wrapped(random, random.choice(types))) for number in range(random.randint(2, 3))}
    return {**values, WITH_DEFAULT: Value("Int", "1")}


def _some_outputs(random: Random, sent: Sequence[str], read: Sequence[str]) -> dict[str, Output]:
    return {
        f"f{number}": Output(_wrapped(random, random.choice(read)), _some_values(random, sent))
        for number in range(random.randint(3, 4))
    }


def _wrapped(random: Random, name: str) -> str:
    return random.choice(["{}", "{}!", "[{}]", "[{}!]", "[{}]!", "[{}!]!"]).format(name)


class Changed(NamedTuple):
    """A schema after one change, where that is, and how the names of its kind may begin."""

    schema: Made
    at: str
    kinds: tuple[str, ...]


def changed(schema: Made, random: Random) -> Changed:
    """One random change."""
    new = deepcopy(schema)
    return Changed(new, *random.choice(CHANGES)(new, random))


Told = tuple[str, tuple[str, ...]]


def _output(schema: Made, random: Random) -> tuple[str, dict[str, Output], str]:
    name = random.choice(list(schema.objects))
    fields = schema.objects[name]
    return name, fields, random.choice(list(fields))


def _output_goes(schema: Made, random: Random) -> Told:
    name, fields, gone = _output(schema, random)
    del fields[gone]
    return f"{name}.{gone}", ("FIELD_REMOVED",)


def _output_comes(schema: Made, random: Random) -> Told:
    name, fields, _ = _output(schema, random)
    fields["extra"] = Output("Int", {WITH_DEFAULT: Value("Int", "1"), "a": Value("Int")})
    return f"{name}.extra", ("FIELD_ADDED",)


def _output_is_wrapped(schema: Made, random: Random) -> Told:
    name, fields, changed = _output(schema, random)
    before = fields[changed].type
    fields[changed].type = random.choice([_other_outside(before), f"[{before}]"])
    return f"{name}.{changed}", ("FIELD_TYPE_", "FIELD_BECAME_")


def _value(schema: Made, random: Random) -> tuple[str, dict[str, Value], str, str]:
    """Values of an input or of a field, one of their names, and how their coordinates and kinds are written."""
    if random.random() < 0.4:
        name = random.choice(list(schema.inputs))
        values = schema.inputs[name]
        return f"{name}.{{}}", values, random.choice(list(values)), "INPUT_FIELD"
    name, fields, of = _output(schema, random)
    values = fields[of].arguments
    return f"{name}.{of}({{}}:)", values, random.choice(list(values)), "ARGUMENT"


def _value_goes(schema: Made, random: Random) -> Told:
    at, values, gone, kind = _value(schema, random)
    del values[gone]
    return at.format(gone), (f"{kind}_REMOVED",)


def _value_comes(schema: Made, random: Random) -> Told:
    at, values, _, kind = _value(schema, random)
    values["extra"] = Value(random.choice(["Int", "Int!"]), random.choice([None, "1"]))
    return at.format("extra"), (f"{kind}_ADDED", f"REQUIRED_{kind}_ADDED")


def _value_is_wrapped(schema: Made, random: Random) -> Told:
    at, values, changed, kind = _value(schema, random)
    before = values[changed].type
    values[changed].type = random.choice([_other_outside(before), f"[{before}]"])
    return at.format(changed), (f"{kind}_TYPE_", f"{kind}_BECAME_")


def _default_changes(schema: Made, random: Random) -> Told:
    at, values, _, kind = _value(schema, random)
    values[WITH_DEFAULT].default = random.choice([None, "2"])
    return at.format(WITH_DEFAULT), (f"{kind}_DEFAULT_",)


def _other_outside(before: str) -> str:
    return before[:-1] if before.endswith("!") else f"{before}!"


def _enum_shrinks(schema: Made, random: Random) -> Told:
    name = random.choice(list(schema.enums))
    return f"{name}.{schema.enums[name].pop()}", ("ENUM_VALUE_REMOVED",)


def _enum_grows(schema: Made, random: Random) -> Told:
    name = random.choice(list(schema.enums))
    schema.enums[name].append("EXTRA")
    return f"{name}.EXTRA", ("ENUM_VALUE_ADDED",)


def _union_grows(schema: Made, random: Random) -> Told:
    if "Query" not in schema.unions["U"]:
        schema.unions["U"].append("Query")
    return "U", ("UNION_MEMBER_ADDED",)


def _union_shrinks(schema: Made, random: Random) -> Told:
    schema.unions["U"].pop(0)
    return "U", ("UNION_MEMBER_REMOVED",)


def _location_comes(schema: Made, random: Random) -> Told:
    schema.directives["d"].append("MUTATION")
    return "@d", ("DIRECTIVE_LOCATION_ADDED",)


def _location_goes(schema: Made, random: Random) -> Told:
    schema.directives["d"].pop()
    return "@d", ("DIRECTIVE_LOCATION_REMOVED",)


def _type_is_told(schema: Made, random: Random) -> Told:
    name = random.choice([*schema.objects, *schema.inputs, *schema.enums])
    schema.marks[name] = "Told in other words."
    return name, ("DESCRIPTION_CHANGED",)


CHANGES = (
    *(_output_goes, _output_comes, _output_is_wrapped, _value_goes, _value_comes, _value_is_wrapped, _default_changes),
    *(_enum_shrinks, _enum_grows, _union_grows, _union_shrinks, _location_comes, _location_goes, _type_is_told),
)
