"""The layers of a profile."""

import pytest

from bench.layers import (
    DRIVER,
    HTTP,
    IN_C,
    JSON,
    LOADERS,
    PLAN,
    PREPARE,
    REST,
    SQL,
    Profile,
    layer_of,
    seconds_by_layer,
)

HOUSE = "/trellis/"
PACKAGES = "/trellis/.venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("file", "layer"),
    [
        (f"{PACKAGES}/uvicorn/protocols/http/httptools_impl.py", HTTP),
        ("/trellis/graph/endpoint.py", HTTP),
        (f"{PACKAGES}/graphql/language/parser.py", PREPARE),
        ("/trellis/graph/prepare/documents.py", PREPARE),
        ("/trellis/graph/execute/scheduler.py", PLAN),
        ("<projection>", PLAN),
        ("/trellis/graph/loading/loaders.py", LOADERS),
        ("/trellis/db/statements/rows.py", LOADERS),
        ("/trellis/db/session/session.py", SQL),
        (f"{PACKAGES}/sqlalchemy/engine/base.py", SQL),
        (f"{PACKAGES}/asyncpg/connection.py", DRIVER),
        ("/usr/lib/python3.11/contextlib.py", REST),
    ],
)
def test_a_function_belongs_to_the_layer_of_its_file(file: str, layer: str) -> None:
    assert layer_of((file, 1, "f"), HOUSE) == layer


def test_what_is_written_in_c_counts_where_it_is_called_from() -> None:
    session, endpoint = ("/trellis/db/session/session.py", 1, "rows"), ("/trellis/graph/endpoint.py", 1, "respond")
    profile: Profile = {
        session: (1, 1, 1.0, 3.0, {}),
        endpoint: (1, 1, 0.5, 6.0, {}),
        (IN_C, 0, "<method 'get' of 'dict' objects>"): (
            *(3, 3, 4.0, 4.0),
            {session: (2, 2, 2.5, 2.5), endpoint: (1, 1, 1.5, 1.5)},
        ),
        (IN_C, 0, "<built-in method orjson.dumps>"): (1, 1, 0.25, 0.25, {endpoint: (1, 1, 0.25, 0.25)}),
    }
    seconds = seconds_by_layer(profile, HOUSE)
    assert (seconds[SQL], seconds[HTTP], seconds[JSON]) == (3.5, 2.0, 0.25)
    assert sum(seconds.values()) == 5.75
