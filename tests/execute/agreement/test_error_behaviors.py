"""What the three behaviors do to any operation with errors: where nulls stand, and how many errors there are."""

from hypothesis import given
from hypothesis import strategies as st

from tests.entity.laws import tried
from tests.execute.agreement.executing import Pair, left_by_graphql_core
from tests.execute.agreement.operations import operations


@left_by_graphql_core
@tried(15)
@given(data=st.data())
async def test_nulls_stay_or_the_first_error_ends_all(data: st.DataObject, port: Pair) -> None:
    await port.check_behaviors(data.draw(operations(port.known)))
