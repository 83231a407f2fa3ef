"""Operations that schemathesis makes of the schema never meet an error of ours: few of them, for every root field.

`make promises` sends many (`tests.promises.trials.operations`).
"""

import pytest

from tests.databases import TRIED
from tests.promises.trials.operations import sent

FEW = 1


@pytest.mark.process
@pytest.mark.parametrize("dialect", TRIED)
async def test_no_operation_of_the_schema_meets_an_error_of_ours(dialect: str) -> None:
    found = await sent(dialect, FEW, seed=0)
    assert found.holds, found.broken
