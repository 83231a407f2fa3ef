"""Reading the plan of a database, for a server that is about to start.

Settings and a choice of tables enter; a `MappingPlan` leaves, or `CannotStart` with one sentence and the cure. Nothing
is written.
"""

from sqlalchemy import URL

from db.dialects import dialect_of
from db.reflection import Catalog, Chosen, MappingPlan, UnknownSchema, UnreadDatabase, plan_of, read
from db.session.engines import Engines
from graph.entity.types import TYPES
from graph.errors import CannotStart
from graph.findings import PRIMARY
from graph.settings import Settings
from graph.startup import until_it_answers

OPTION = "--reflect"


async def read_plan(settings: Settings, chosen: Chosen) -> MappingPlan:
    """The plan of the primary database of these settings.

    Raises `CannotStart` where it cannot be reached, a schema is not there, or no table is left.
    """
    engines = Engines(settings)
    try:
        await until_it_answers(engines.probing()[PRIMARY], settings.wait_for_database_s, told_by=OPTION)
        async with engines.snapshot().connect() as connection:
            catalog = await read(connection, chosen)
    except UnknownSchema as error:
        raise CannotStart(f"{error} Choose among them with --schema.") from None
    except UnreadDatabase as error:
        raise CannotStart(str(error)) from None
    finally:
        await engines.dispose()
    _refuse_nothing(settings.primary, catalog, chosen)
    return plan_shown(catalog)


def plan_shown(catalog: Catalog) -> MappingPlan:
    """The plan of a catalog, with the forms that the table of types has."""
    return plan_of(catalog, TYPES.widest, TYPES.names_rows)


def _refuse_nothing(url: URL, catalog: Catalog, chosen: Chosen) -> None:
    if catalog.tables:
        return
    place = dialect_of(url.get_backend_name()).place(url)
    if chosen == Chosen():
        elsewhere = "".join(f" There is {each.what}: {each.why}" for each in catalog.left_out)
        raise CannotStart(f"The database {place} has no table that can be read. Make one, or name another.{elsewhere}")
    raise CannotStart(
        f"No table of the database {place} is left by --schema, --only and --except. Leave one of them out, or correct"
        " its names: * stands for any characters, and upper and lower case are told apart."
    )
