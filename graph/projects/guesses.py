"""What a database does not tell: each guess, and whatever was left out, with the file and the line to change.

A plan and the written project enter, a page in Markdown leaves. Lines are looked up in the files as they are.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from db.composites import composite_of
from db.reflection import MappingPlan
from db.reflection.catalog import Name
from db.reflection.plan import PlannedModel
from graph.projects.nouns import FUNCTIONS
from graph.projects.writing import Tree

TITLE = """# What was guessed

A database says what is in it, and not what people call it. Each line is a decision that was made for you, and where to
change it. `trellis sync` keeps what you have edited.
"""

ENUMS_FILE = Path("db/models/enums.py")
COMPOSITES_FILE = Path("db/models/composites.py")
RELATION = "relation "
MOST_TOLD = 10
"""Lines of each kind that a terminal shows."""


def guesses_text(tree: Tree, plan: MappingPlan) -> str:
    """The page."""
    found = _Places(tree, plan)
    guessed = [f"- **{it.what}**: {it.decision} Otherwise: {it.override}{found.place(it.what)}" for it in plan.guesses]
    left_out = [f"- **{it.what}**: {it.why}{found.place(it.what)}" for it in plan.left_out]
    parts = [
        TITLE,
        f"## Guesses: {len(guessed)}\n",
        *(guessed or ["None."]),
        f"\n## Left out, or not as it is there: {len(left_out)}\n",
        *(left_out or ["Nothing."]),
    ]
    return "\n".join(parts) + "\n"


def summary(plan: MappingPlan) -> str:
    """What a terminal tells of the page: all but relations, of which there are as many as foreign keys."""
    worth_a_look = [it for it in plan.guesses if not it.what.startswith(RELATION)]
    lines = [
        *(f"- {it.what}: {it.decision}" for it in worth_a_look[:MOST_TOLD]),
        *(f"- left out: {it.what}: {it.why}" for it in plan.left_out[:MOST_TOLD]),
    ]
    rest = len(plan.guesses) + len(plan.left_out) - len(lines)
    return "\n".join([f"Guesses: {len(plan.guesses)}. Left out: {len(plan.left_out)}.", *lines, *_rest(rest)])


def _rest(number: int) -> list[str]:
    return [f"- and {number} more, most of them names of relations"] if number else []


class _Places:
    """Where what a guess is about stands."""

    def __init__(self, tree: Tree, plan: MappingPlan) -> None:
        self._tree = tree
        self._texts: dict[Path, list[str]] = {}
        self._models = {str(it.table.name): it for it in plan.models}
        self._plan = plan
        self._functions = {
            f"function {it.function.signature}": (Path(f"db/models/{model.module}.py"), f"    {it.name} = ")
            for model in plan.models
            for it in model.functions
        }
        self._functions |= {f"function {it.function.signature}": (FUNCTIONS, f'"{it.name}"') for it in plan.calls}

    def place(self, what: str) -> str:
        """` (db/models/post.py:12)`; nothing where there is no such line."""
        if what in self._functions:
            return self._at(*self._functions[what])
        kind, _, rest = what.partition(" ")
        if kind == "type" and not rest.startswith("of column "):
            return self._of_type(rest)
        about = rest.removeprefix("view ").removeprefix("materialized view ").removeprefix("of ")
        names = [
            name for name in self._models if name in about and re.search(rf"(^| ){re.escape(name)}($|[. ])", about)
        ]
        if not names:
            return ""
        name = max(names, key=len)
        model = self._models[name]
        file = Path(f"db/models/{model.module}.py")
        line = self._line(file, model, about.partition(f"{name}.")[2].partition(" ")[0])
        return f" ({file}:{line})"

    def _of_type(self, name: str) -> str:
        enums = {str(Name(it.schema, it.type_name or "")): it.class_name for it in self._plan.enums}
        if name in enums:
            return self._at(ENUMS_FILE, f"class {enums[name]}(")
        made = {composite.name: cls.__name__ for cls in self._plan.composites if (composite := composite_of(cls))}
        return self._at(COMPOSITES_FILE, f"class {made[name]}:") if name in made else ""

    def _at(self, file: Path, *starts: str) -> str:
        """The place of the first line that has such a part."""
        return f" ({file}:{self._number(file, starts)})"

    def _line(self, file: Path, model: PlannedModel, member: str) -> int:
        attribute = next((it.name for it in model.attributes if it.column.name == member), member)
        starts = ([f"    {attribute}:"] if attribute else []) + [f"class {model.class_name}("]
        return self._number(file, starts)

    def _number(self, file: Path, starts: Sequence[str]) -> int:
        if file not in self._texts:
            self._texts[file] = self._tree.read(file).splitlines()
        found = (at for start in starts for at, line in enumerate(self._texts[file], 1) if start in line)
        return next(found, 1)
