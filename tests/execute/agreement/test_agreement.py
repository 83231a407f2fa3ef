"""Two executors agree: whatever is asked, ours answers what graphql-core's answers, with no more statements."""

import os

from hypothesis import given
from hypothesis import strategies as st

from tests.entity.laws import tried
from tests.execute.agreement.executing import Pair, left_by_graphql_core
from tests.execute.agreement.operations import operations

TIMES = int(os.environ.get("TRELLIS_MANY_EXAMPLES", "1"))
"""How many times as many examples as usual."""


@left_by_graphql_core
@tried(200 * TIMES)
@given(data=st.data())
async def test_two_executors_agree_about_the_club(data: st.DataObject, club: Pair) -> None:
    await club.check(data.draw(operations(club.known)))


@left_by_graphql_core
@tried(200 * TIMES)
@given(data=st.data())
async def test_two_executors_agree_about_resolvers_of_every_kind(data: st.DataObject, port: Pair) -> None:
    await port.check(data.draw(operations(port.known)))
