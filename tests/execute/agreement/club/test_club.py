"""Two executors agree about our nouns: whatever is asked, ours answers what graphql-core's answers."""

from hypothesis import given
from hypothesis import strategies as st

from tests.entity.laws import tried
from tests.execute.agreement.executing import Pair, left_by_graphql_core
from tests.execute.agreement.operations import operations


@left_by_graphql_core
@tried(30)
@given(data=st.data())
async def test_two_executors_agree_about_the_club(data: st.DataObject, club: Pair) -> None:
    await club.check(data.draw(operations(club.known)))
