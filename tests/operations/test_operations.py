"""Each `.graphql` file beside this one is run on both databases, over the small demo.

Its answer must be the `.json` beside it, the same on both; its statements must be those of the `.sql` beside it, which
has a part for each. `make snapshots` writes them anew; read the difference before you commit it.
"""

from pathlib import Path

import pytest

from db import demo
from db.session.engines import Engines
from graph.schema import make_schema
from graph.testing import SchemaClient, operations
from graph.testing.options import UPDATE

FOLDER = Path(__file__).parent
SCHEMA = make_schema()


async def test_every_operation_answers_and_costs_what_its_snapshots_say(
    engines: Engines, subtests: pytest.Subtests, pytestconfig: pytest.Config
) -> None:
    await demo.fill(engines, scale=1)
    for operation in operations(FOLDER, update=pytestconfig.getoption(UPDATE)):
        with subtests.test(operation.name):
            await operation.check(SchemaClient(SCHEMA, engines))


async def test_twice_the_data_costs_the_same_statements(engines: Engines, subtests: pytest.Subtests) -> None:
    await demo.fill(engines, scale=2)
    for operation in operations(FOLDER):
        with subtests.test(operation.name):
            _, sent = await operation.ask(SchemaClient(SCHEMA, engines))
            assert len(sent) == operation.number_of_statements(engines.dialect)
