"""What schemathesis needs to know of our schema, loaded by its program: our scalars, and what a server's error is.

Its own check takes every answer with `errors` for a failure; a refusal in words is none.
"""

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

TEXTS = {
    "DateTime": st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "now"]),
    "LocalDateTime": st.sampled_from(["2026-01-01T00:00:00", "9999-12-31T23:59:59", ""]),
    "Date": st.sampled_from(["2026-01-01", "0001-01-01", "2026-02-30"]),
    "Time": st.sampled_from(["00:00:00", "23:59:59.999999", "25:00"]),
    "Decimal": st.sampled_from(["0", "-1", "1.005", "1e400", "NaN"]) | st.decimals(allow_nan=False).map(str),
    "BigInt": st.integers().map(str),
    "UUID": st.uuids().map(str) | st.just("x"),
    "JSON": st.text(),
    "Upload": st.just("a file comes beside the document"),
}

for name, texts in TEXTS.items():
    schemathesis.graphql.scalar(name, texts.map(nodes.String))


@schemathesis.check
def server_error(_context: object, response: schemathesis.Response, _case: object) -> None:
    """Fail for what is our own fault. Overload is told with 503 and is none."""
    assert response.status_code < 500 or response.status_code == 503, response.text[:500]
    assert "INTERNAL_SERVER_ERROR" not in response.text, response.text[:500]
