"""Two executors agree: whatever is asked, ours answers what graphql-core's answers, with no more statements."""

from hypothesis import given
from hypothesis import strategies as st

from tests.entity.laws import tried
from tests.execute.agreement.executing import Pair, left_by_graphql_core
from tests.execute.agreement.operations import operations


@left_by_graphql_core
@tried(40)
@given(data=st.data())
async def test_two_executors_agree_about_resolvers_of_every_kind(data: st.DataObject, port: Pair) -> None:
    await port.check(data.draw(operations(port.known)))
