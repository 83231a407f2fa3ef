"""One process of all does what is to be done once."""

from db.care.turns import turn
from db.session.engines import Engines
from db.settings import DatabaseSettings


async def test_one_of_two_has_the_turn(settings: DatabaseSettings) -> None:
    engines = Engines(settings)
    for _ in range(2):  # it is given back, also where connections stay open
        async with turn(engines.primary) as first, turn(engines.primary) as second:
            assert (first, second) == (True, False)
    await engines.dispose()
