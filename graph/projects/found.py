"""A project for a database that was there before: a plan enters, models, types, policies and tests leave.

The same plan is served by `trellis serve --reflect`, so that both show the same API. Nothing is asked of a database
and nothing is written to one: the first revision makes nothing, and `trellis db adopt` alone writes that down there.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import URL

from db.private_files import FILE_MODE, make_file
from db.reflection import MappingPlan
from db.reflection.changes import changes_of
from db.reflection.plan import PlannedModel
from graph.projects.functions import functions_text
from graph.projects.guesses import guesses_text
from graph.projects.models import (
    ASSOCIATIONS,
    association_name,
    associations,
    associations_text,
    composites_text,
    enums_text,
    model_text,
)
from graph.projects.mutations import mutations_text, owner_of
from graph.projects.nouns import FUNCTIONS, Noun, register, register_functions
from graph.projects.revisions import write_as_found
from graph.projects.types import type_text
from graph.projects.writing import Tree

ROOMS = Path(__file__).with_name("tree_found")
"""Files that a project for a database has besides those of one without tables, or instead."""
VERSION_TABLE = "trellis_alembic_version"
GUESSES = Path("docs/guesses.md")

ABOUT = {
    "about": "The database was there before: `db/models` says what is in it, and [guesses](docs/guesses.md) what it"
    " does not tell. `.env` has its URL. `make serve` and `make test` write nothing to it. Mutations do: admins alone"
    " may send them until you open a line of `graph/mutations`. Before the first change of its tables,"
    " `.venv/bin/trellis db adopt` writes down that they are at the first revision.",
    "prepare": ":",
}


def files_of(plan: MappingPlan, *, writable: bool) -> dict[Path, str]:
    """The files that a plan alone decides, and their texts: what `trellis sync` compares."""
    files = {}
    for model in plan.models:
        files[Path(f"db/models/{model.module}.py")] = model_text(plan, model)
        files[Path(f"graph/types/{model.module}.py")] = type_text(plan, model)
        if writable and (changes := changes_of(model)) is not None:
            files[mutations_file(model)] = mutations_text(model, changes)
    if plan.enums:
        files[Path("db/models/enums.py")] = enums_text(plan)
    if plan.composites:
        files[Path("db/models/composites.py")] = composites_text(plan)
    if plan.calls:
        files[FUNCTIONS] = functions_text(plan)
    if associations(plan):
        files[Path("db/models/associations.py")] = associations_text(plan)
    return files


def mutations_file(model: PlannedModel) -> Path:
    """Where the changes of a table are."""
    return Path(f"graph/mutations/{model.module}.py")


def write_found(tree: Tree, plan: MappingPlan, url: URL, *, writable: bool) -> None:
    """Write what a plan says into a project without nouns; with changes of its tables, if it is to be `writable`."""
    for file, text in files_of(plan, writable=writable).items():
        tree.write(file, text)
    register(tree, nouns_of(plan.models, writable=writable), names_beside(plan))
    if plan.calls:
        register_functions(tree)
    write_as_found(tree)
    write_environment(tree, url)


def names_beside(plan: MappingPlan) -> Iterable[tuple[str, str]]:
    """What the models are given with, besides their classes: enumerations, and tables between two others."""
    yield from (("db.models.enums", enum.class_name) for enum in plan.enums)
    yield from ((cls.__module__, cls.__name__) for cls in plan.composites)
    yield from ((ASSOCIATIONS, association_name(table)) for table in associations(plan))


def nouns_of(models: Iterable[PlannedModel], *, writable: bool) -> list[Noun]:
    """What is told of each model in the files that all share."""
    return [
        Noun(
            model.class_name,
            model.module,
            policy=policy_of(model),
            is_written=writable and changes_of(model) is not None,
        )
        for model in models
    ]


def policy_of(model: PlannedModel) -> str:
    """A remark above a policy: what row security demands, and whose rows they may be."""
    lines = [f"# row security: {' '.join(sql.split())}" for sql in model.table.policies]
    owner = owner_of(model)
    if owner is not None:
        lines.append(f'# models.{model.class_name}: owners(own("{owner}")),')
    return "".join(f"{line}\n    " for line in lines)


def write_environment(tree: Tree, url: URL) -> None:
    """`.env` with the URL, for its owner alone, and `.env.example` without the password."""
    make_file(tree.root / ".env")
    shown = url.set(drivername=url.get_backend_name())
    tree.write(Path(".env"), _settings(shown))
    (tree.root / ".env").chmod(FILE_MODE)
    tree.write(Path(".env.example"), _settings(shown.set(password="PASSWORD" if url.password else None)))


def _settings(url: URL) -> str:
    """Revisions are kept in a table that no other application has, and nothing that needs tables of ours is on."""
    lines = [
        f"TRELLIS_DATABASE_URL={url.render_as_string(hide_password=False)}",
        f"TRELLIS_VERSION_TABLE={VERSION_TABLE}",
        "# With true, `trellis db upgrade` makes tables beside yours for what clients use: docs/usage.md.",
        "TRELLIS_RECORD_USAGE=false",
    ]
    return "".join(f"{line}\n" for line in lines)


def write_guesses(tree: Tree, plan: MappingPlan) -> None:
    """Write down what the database does not tell, with the lines to change."""
    tree.write(GUESSES, guesses_text(tree, plan))
