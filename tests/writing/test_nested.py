"""Rows that are made, changed and deleted together with the row that they belong to."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.session.engines import Engines
from graph.errors import DeclarationError
from graph.viewer import Viewer
from graph.writing import Crud, RowsInput, with_right
from graph.writing.rights import SIGNED_IN
from tests.databases import Database, StatementRecorder
from tests.entity.serving import settings_of
from tests.writing.library import EDITOR
from tests.writing.studio import AskingStudio, Base, Painter, notes, paintings

WORKS = (
    "paintings(first: 100, orderBy: [{code: ASC}]) { nodes { id code title price edits notes { nodes { id text } } } }"
)
PAINTER = f"painter {{ id name edits {WORKS} }}"


@pytest.fixture
async def studio(blank_database: Database) -> AsyncIterator[AskingStudio]:
    """Nobody has painted yet."""
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield AskingStudio(engines, EDITOR)
    await engines.dispose()


def new(*titles: str, **values: Any) -> list[dict[str, Any]]:
    return [{"title": title, **values} for title in titles]


async def made(studio: AskingStudio, *titles: str) -> Any:
    payload = await studio.do("createPainter", {"name": "Ada", "paintings": {"create": new(*titles)}}, PAINTER)
    assert payload["errors"] == []
    return payload["painter"]


async def changed(studio: AskingStudio, painter: Any, **asked: Any) -> Any:
    payload = await studio.do("updatePainter", {"id": painter["id"], "paintings": asked}, PAINTER)
    assert payload["errors"] == [], payload
    return payload["painter"]


async def refused(studio: AskingStudio, painter: Any, **asked: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Each error with its place behind `input.paintings`."""
    errors = await studio.refused("updatePainter", {"id": painter["id"], "name": "Eve", "paintings": asked}, PAINTER)
    assert all(path[:2] == ("input", "paintings") for _, path in errors)
    return [(name, path[2:]) for name, path in errors]


def works(painter: Any) -> dict[str, Any]:
    return {work["code"]: work for work in painter["paintings"]["nodes"]}


async def execute(studio: AskingStudio, statement: str) -> None:
    async with studio.engines.writing().begin() as connection:
        await connection.exec_driver_sql(statement)


async def test_rows_are_made_changed_and_deleted_with_their_parent(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun", "Moon", "Rain")
    before = works(painter)
    assert {code: work["title"] for code, work in before.items()} == {"sun": "Sun", "moon": "Moon", "rain": "Rain"}
    painter = await changed(
        studio,
        painter,
        create=new("Snow", price=5),
        update=[{"id": before["sun"]["id"], "ifVersion": 1, "price": 7}, {"id": before["moon"]["id"], "title": "Full"}],
        delete=[{"id": before["rain"]["id"], "ifVersion": 1}],
    )
    assert {code: (it["title"], it["price"], it["edits"]) for code, it in works(painter).items()} == {
        "moon": ("Full", None, 2),
        "snow": ("Snow", 5, 1),
        "sun": ("Sun", 7, 2),
    }
    assert painter["edits"] == 1  # its own columns are as they were


async def test_what_goes_makes_room_for_what_comes(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun")
    painter = await changed(studio, painter, delete=[{"id": works(painter)["sun"]["id"]}], create=new("Sun", price=1))
    assert works(painter)["sun"]["price"] == 1


async def test_two_levels_are_written_at_once(studio: AskingStudio) -> None:
    painter = await made(studio)
    painter = await changed(
        studio,
        painter,
        create=new(
            "Sun", notes={"create": [{"text": "a"}, {"text": "b"}]}, styles={"add": [{"create": {"name": "x"}}]}
        ),
    )
    sun = works(painter)["sun"]
    first, second = sun["notes"]["nodes"]
    inside = {"update": [{"id": second["id"], "text": "c"}], "delete": [{"id": first["id"]}], "create": [{"text": "d"}]}
    painter = await changed(studio, painter, update=[{"id": sun["id"], "notes": inside}])
    assert [note["text"] for note in works(painter)["sun"]["notes"]["nodes"]] == ["c", "d"]
    wrong = [{"id": sun["id"], "notes": {"delete": [{"id": first["id"]}]}}]
    assert await refused(studio, painter, update=wrong) == [("NotFound", ("update", "0", "notes", "delete", "0", "id"))]


@pytest.mark.parametrize("many", [2, 20])
async def test_statements_do_not_grow_with_the_rows(
    studio: AskingStudio, statements: StatementRecorder, many: int
) -> None:
    painter = await made(studio, *(f"Old {number:02}" for number in range(2 * many)))
    ids = [{"id": work["id"]} for work in painter["paintings"]["nodes"]]
    asked = {
        "create": new(*(f"New {number}" for number in range(many))),
        "update": [named | {"price": number + 1} for number, named in enumerate(ids[:many])],
        "delete": ids[many:],
    }
    with statements() as seen:
        payload = await studio.do("updatePainter", {"id": painter["id"], "paintings": asked}, "painter { id }")
    assert payload["errors"] == []
    # the painter, the paintings, delete, update and insert; read back
    assert len(seen) == 5 + 1, seen
    after = await studio("{ paintings(first: 100, orderBy: [{code: ASC}]) { nodes { code price edits } } }")
    assert [work["price"] for work in after["paintings"]["nodes"]] == [None] * many + list(range(1, many + 1))


async def test_each_error_stands_at_its_own_place(studio: AskingStudio) -> None:
    painter, other = await made(studio, "Sun", "Moon", "Sold"), await made(studio, "Rain")
    mine, theirs = works(painter), works(other)
    await execute(studio, "UPDATE paintings SET is_sold = true WHERE code = 'sold'")
    sun, moon, sold, rain = mine["sun"]["id"], mine["moon"]["id"], mine["sold"]["id"], theirs["rain"]["id"]
    assert await refused(studio, painter, update=[{"id": sun}, {"id": rain, "title": "Mine"}]) == [
        ("NotFound", ("update", "1", "id"))
    ]
    assert await refused(studio, painter, delete=[{"id": sold}], update=[{"id": moon, "ifVersion": 3}]) == [
        ("Forbidden", ("delete", "0", "id")),
        ("VersionConflict", ("update", "0", "ifVersion")),
    ]
    assert await refused(studio, painter, update=[{"id": sun}, {"id": moon}], delete=[{"id": sun}]) == [
        ("InvalidInput", ("update", "0", "id"))
    ]
    assert await refused(studio, painter, update=[{"id": sun, "price": 3}, {"id": moon, "price": 0}]) == [
        ("InvalidInput", ("update", "1", "price"))
    ]
    assert await refused(studio, painter, update=[{"id": sun, "title": "Forged"}]) == [
        ("InvalidInput", ("update", "0", "title"))
    ]
    assert await refused(studio, painter, create=new("Sea", "Lake", price=0)) == [
        ("InvalidInput", ("create", "0", "price")),
        ("InvalidInput", ("create", "1", "price")),
    ]
    assert await refused(studio, painter, create=new("Sea", " ")) == [("InvalidInput", ("create", "1", "title"))]
    again = await studio("{ painters { nodes { name edits paintings { totalCount } } } }")
    assert again["painters"]["nodes"] == [
        {"name": "Ada", "edits": 1, "paintings": {"totalCount": 3}},
        {"name": "Ada", "edits": 1, "paintings": {"totalCount": 1}},
    ]


async def test_what_the_database_refuses_of_many_is_told_of_the_one(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun", "Moon", "Rain")
    sun, moon, rain = (works(painter)[code]["id"] for code in ("sun", "moon", "rain"))
    assert await refused(studio, painter, create=new("Sea", "Moon", "Lake")) == [
        ("AlreadyExists", ("create", "1", "code"))
    ]
    renamed = [{"id": sun, "code": "sea"}, {"id": moon, "code": "lake"}, {"id": rain, "code": "sea"}]
    assert await refused(studio, painter, update=renamed) == [("AlreadyExists", ("update", "2", "code"))]
    await changed(studio, painter, update=[{"id": moon, "notes": {"create": [{"text": "kept"}]}}])
    assert await refused(studio, painter, delete=[{"id": sun}, {"id": moon}]) == [
        ("StillReferenced", ("delete", "1", "id"))
    ]


async def test_rights_are_those_of_the_rows_and_hidden_rows_are_not_there(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun")
    reader = studio.by(Viewer(9))
    sun = works(painter)["sun"]["id"]
    assert await refused(reader, painter, create=new("Moon")) == [("Forbidden", ("create", "0"))]
    assert works(await changed(reader, painter, update=[{"id": sun, "price": 2}]))["sun"]["price"] == 2
    await execute(studio, "UPDATE paintings SET is_hidden = true")
    assert await refused(studio, painter, update=[{"id": sun, "price": 3}]) == [("NotFound", ("update", "0", "id"))]
    assert await refused(studio, painter, delete=[{"id": sun}]) == [("NotFound", ("delete", "0", "id"))]


async def test_what_the_viewer_may_not_know_ties_no_row_to_another(studio: AskingStudio) -> None:
    painter = await made(studio, "Anonymous")
    (work,) = (await studio("{ paintings { nodes { id } } }"))["paintings"]["nodes"]
    assert await refused(studio, painter, update=[{"id": work["id"], "price": 3}]) == [
        ("NotFound", ("update", "0", "id"))
    ]


async def test_where_nothing_ties_them_rows_do_not_belong_together(studio: AskingStudio) -> None:
    ada = (await studio.do("createPainter", {"name": "Ada"}, "painter { id }"))["painter"]["id"]
    await execute(studio, "INSERT INTO pupils (name) VALUES ('Nobody''s')")
    (pupil,) = (await studio("{ pupils { nodes { id } } }"))["pupils"]["nodes"]
    asked = {"id": ada, "pupils": {"update": [{"id": pupil["id"], "name": "Mine"}]}}
    assert await studio.refused("updatePainter", asked) == [("NotFound", ("input", "pupils", "update", "0", "id"))]
    asked = {"id": ada, "pupils": {"create": [{"name": "Eve"}]}}
    assert await studio.refused("updatePainter", asked) == [("InvalidInput", ("input", "pupils", "create", "0"))]
    new = {"name": "Eve", "school": "open air", "pupils": {"create": [{"name": "Bob"}]}}
    payload = await studio.do("createPainter", new, "painter { pupils { nodes { name } } }")
    assert payload == {"painter": {"pupils": {"nodes": [{"name": "Bob"}]}}, "errors": []}


async def test_rows_at_the_far_end_are_changed_by_their_own_rules(
    studio: AskingStudio, statements: StatementRecorder
) -> None:
    shown = "painting { id edits styles(orderBy: [{name: ASC}]) { nodes { id name } } }"
    links = {"add": [{"create": {"name": name}} for name in ("a", "b", "classic")]}
    await made(studio)
    sun = {"title": "Sun", "painterId": 1, "styles": links}
    painting = (await studio.do("createPainting", sun, shown))["painting"]
    a, b, classic = (style["id"] for style in painting["styles"]["nodes"])
    both = {"update": [{"id": a, "name": "x"}, {"id": b, "name": "y"}], "remove": [{"name": "classic"}]}
    with statements() as seen:
        payload = await studio.do("updatePainting", {"id": painting["id"], "styles": both}, shown)
    assert payload["errors"] == []
    assert [style["name"] for style in payload["painting"]["styles"]["nodes"]] == ["x", "y"]
    # the painting, its links, the one to remove, its deletion, two styles, their change, the version; two read back
    assert len(seen) == 7 + 2, seen

    async def wrong(*update: dict[str, str], **more: Any) -> list[tuple[str, tuple[str, ...]]]:
        asked = {"id": painting["id"], "styles": {"update": list(update), **more}}
        return [(name, path[2:]) for name, path in await studio.refused("updatePainting", asked, shown)]

    assert await wrong({"id": a, "name": "z"}, {"id": classic, "name": "z"}) == [("NotFound", ("update", "1", "id"))]
    again = {"add": [{"name": "classic"}]}
    assert await wrong({"id": classic, "name": "z"}, **again) == [("InvalidInput", ("update", "0", "name"))]
    assert await wrong({"id": a, "name": "q"}, {"id": b, "name": "classic"}) == [
        ("AlreadyExists", ("update", "1", "name"))
    ]
    reader = studio.by(Viewer(9))
    asked = {"id": painting["id"], "styles": {"update": [{"id": a, "name": "z"}]}}
    refusal = await reader.refused("updatePainting", asked, shown)
    assert refusal == [("Forbidden", ("input", "styles", "update", "0", "id"))]


async def test_a_guard_inside_is_a_guard(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun")
    sun = works(painter)["sun"]["id"]
    assert await refused(studio, painter, update=[{"id": sun, "ifVersion": None, "price": 3}]) == [
        ("InvalidInput", ("update", "0", "ifVersion"))
    ]
    document = """mutation($painter: ID!, $id: ID!, $version: Int) {
      updatePainter(input: {id: $painter, paintings: {update: [{id: $id, price: 3, ifVersion: $version}]}}) {
        errors { ... on UserError { message path } }
      }
    }"""
    (error,) = (await studio(document, painter=painter["id"], id=sun))["updatePainter"]["errors"]
    assert error["path"] == ["input", "paintings", "update", "0", "ifVersion"]
    assert error["message"].startswith("`$version` has no value, so the change would be made whatever the version is;")


async def test_numbers_are_appended_in_nested_rows_too(studio: AskingStudio) -> None:
    painter = await made(studio, "Sun")
    painter = await changed(studio, painter, create=new("Sun", "Sun", onTakenCode="APPEND_NUMBER"))
    assert set(works(painter)) == {"sun", "sun-2", "sun-3"}


async def test_at_most_a_hundred_rows_fit_into_one_list(studio: AskingStudio) -> None:
    painter = await made(studio)
    assert await refused(studio, painter, create=new(*map(str, range(101)))) == [("InvalidInput", ("create",))]


def test_only_rows_of_its_own_can_be_declared() -> None:
    with pytest.raises(DeclarationError, match="leads to other rows than its Crud"):
        Crud(Painter, ["name"], may=with_right(SIGNED_IN), rows=[RowsInput("paintings", notes)])
    with pytest.raises(DeclarationError, match="is not one-to-many"):
        Crud(paintings.entity.cls, ["title"], may=with_right(SIGNED_IN), rows=[RowsInput("styles", notes)])


class Dice:
    """Random changes of the paintings of one of two painters, who have the same ones under codes of their own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def asked(self, ids: dict[str, str], letter: str) -> dict[str, list[dict[str, Any]]]:
        """An input for `paintings`, the same for every letter; now and then one that is refused."""
        dice = random.Random(self._random.randrange(2**32))
        known = sorted(ids)
        named = dice.sample(known, min(len(known), dice.randint(0, 4)))
        gone = named[: dice.randint(0, 1)]
        update = [{"id": ids[code], **self._values(dice, letter)} for code in named[len(gone) :]]
        create = [{"title": "New", **self._values(dice, letter), "code": self._code(dice, letter)} for _ in range(2)]
        return {
            "delete": [{"id": ids[code]} for code in gone],
            "update": update,
            "create": create[: dice.randint(0, 2)],
        }

    def _values(self, dice: random.Random, letter: str) -> dict[str, Any]:
        every = {"title": f"T{dice.randint(1, 9)}", "price": dice.randint(1, 9), "code": self._code(dice, letter)}
        return {name: every[name] for name in sorted(every) if dice.random() < 0.5}

    def _code(self, dice: random.Random, letter: str) -> str:
        return f"{letter}{dice.randint(1, 8)}"


async def test_a_nested_change_is_what_its_parts_are_in_one_transaction(studio: AskingStudio) -> None:
    painters = {letter: (await made(studio)) for letter in "ab"}
    dice = {letter: Dice(9) for letter in "ab"}
    outcomes = set()
    for _ in range(8):
        nested = dice["a"].asked(await codes(studio, painters["a"]), "a")
        payload = await studio.do("updatePainter", {"id": painters["a"]["id"], "paintings": nested})
        parts = dice["b"].asked(await codes(studio, painters["b"]), "b")
        done = await one_by_one(studio, parts)
        assert bool(payload["errors"]) is not done, (nested, payload)
        assert await state(studio, painters["a"]) == await state(studio, painters["b"])
        outcomes.add(done)
    assert outcomes == {True, False}


async def codes(studio: AskingStudio, painter: Any) -> dict[str, str]:
    """The ids of a painter's paintings, by their codes without the letter."""
    found = await studio(f"query($id: ID!) {{ painter(id: $id) {{ {WORKS} }} }}", id=painter["id"])
    return {code[1:]: work["id"] for code, work in works(found["painter"]).items()}


async def state(studio: AskingStudio, painter: Any) -> list[tuple[Any, ...]]:
    found = await studio(f"query($id: ID!) {{ painter(id: $id) {{ {WORKS} }} }}", id=painter["id"])
    return sorted((code[1:], it["title"], it["price"], it["edits"]) for code, it in works(found["painter"]).items())


async def one_by_one(studio: AskingStudio, parts: dict[str, list[dict[str, Any]]]) -> bool:
    """Do the parts of a nested change as mutations of their own in one transaction; whether all were done."""
    given = {f"{kind}{at}": (kind, it) for kind, every in parts.items() for at, it in enumerate(every)}
    if not given:
        return True
    variables = {name: it | ({"painterId": 2} if kind == "create" else {}) for name, (kind, it) in given.items()}
    declared = ", ".join(f"${name}: {kind.capitalize()}PaintingInput!" for name, (kind, _) in given.items())
    fields = [
        f"{name}: {kind}Painting(input: ${name}) {{ errors {{ __typename }} }}" for name, (kind, _) in given.items()
    ]
    data = await studio(f"mutation({declared}) @atomic {{ {' '.join(fields)} }}", **variables)
    return not any(payload["errors"] for payload in data.values())
