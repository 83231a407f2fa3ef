"""Everything Trellis can be told from outside: the data layer's settings and the API's own.

Environment variables with the prefix `TRELLIS_` enter, one frozen object leaves. The README has the table.
"""

from pydantic import Field

from db.settings import DatabaseSettings

MAX_PAGE = 100
"""The most rows of one page, unless the settings say otherwise."""

KIB = 1024


class Settings(DatabaseSettings):
    """The settings of the server."""

    host: str = Field(default="127.0.0.1", description="The address that the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port that the server listens on.")
    explorer: bool = Field(default=True, description="Serve GraphiQL to browsers at `/graphql`.")
    introspection: bool = Field(default=True, description="Answer questions about the schema.")
    max_body_bytes: int = Field(default=256 * KIB, ge=1, description="The largest request that is read, in bytes.")
    max_tokens: int = Field(default=10_000, ge=1, description="The longest document that is parsed, in tokens.")
    max_statements: int = Field(default=100, ge=1, description="The most statements that one operation may need.")
    max_rows: int = Field(default=100_000, ge=1, description="The most rows that one operation may ask for.")
    max_values: int = Field(default=500_000, ge=1, description="The most values that one answer may hold.")
    max_page: int = Field(default=MAX_PAGE, ge=1, description="The most rows of one page.")
    prepared_operations: int = Field(
        default=1_000, ge=1, description="How many documents are kept parsed and validated."
    )
    readiness_timeout_s: float = Field(default=2, gt=0, description="Seconds that `/readyz` waits for the databases.")
