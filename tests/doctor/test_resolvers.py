"""Statements of resolvers of one's own have paths, too: with the session, with a loader, and of rows they refer to."""

from tests.databases import Database
from tests.docs.garden import GARDEN
from tests.doctor.asking import Doctor
from tests.entity.serving import fill, serve


async def test_what_a_resolver_sends_is_told_with_its_field(blank_database: Database) -> None:
    await fill(blank_database, GARDEN)
    async with serve(blank_database, GARDEN) as garden:
        doctor = Doctor(garden.schema, garden.engines)
        examined = await doctor(
            "{ one: signs two: signs largestPlant { name } beds { nodes { height: tallest again: tallest } } }"
        )
    told = [(tuple(one["paths"]), one["loader"]) for one in examined.work]
    # Each `signs` reads the beds and their plants; `largestPlant` reads a number, and its row comes with the level.
    assert told.count((("one",), None)) == 2
    assert told.count((("two",), None)) == 2
    assert told.count((("largestPlant",), None)) == 1
    assert told.count((("largestPlant",), "PlantModel")) == 1
    assert told.count((("beds.nodes",), "BedModel")) == 1
    assert told.count((("beds.nodes.height",), None)) == 1  # the loader of both begins with the first
    assert len(told) == 8
