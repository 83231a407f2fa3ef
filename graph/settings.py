"""The settings of the server: those of the data layer, and the API's own.

Environment variables with the prefix `TRELLIS_` enter, one frozen object leaves. The README has the table. Nothing is
opened or connected.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from db.settings import DatabaseSettings

MAX_PAGE = 100
"""The most rows of one page, unless the settings say otherwise."""

KIB = 1024
DAY_S = 24 * 60 * 60

TOKEN_KEY_CHARACTERS = 32
"""The least of a key. Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""


class DoctorAccess(StrEnum):
    """Who may see the statements of an operation."""

    OFF = "off"
    OPERATORS = "admins"
    """Who runs the server: the domain says who that is."""
    EVERYBODY = "everybody"


class Settings(DatabaseSettings):
    """The settings of the server."""

    host: str = Field(default="127.0.0.1", description="The address that the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port that the server listens on.")
    explorer: bool = Field(default=True, description="Serve GraphiQL to browsers at `/graphql`.")
    doctor: DoctorAccess = Field(
        default=DoctorAccess.OPERATORS,
        description="Who may ask with `extensions.doctor` what an operation costs, statement by statement: `off`,"
        " `admins` or `everybody`. `make serve` says `everybody` on the machine itself.",
    )
    introspection: bool = Field(default=True, description="Answer questions about the schema.")
    max_body_bytes: int = Field(default=256 * KIB, ge=1, description="The largest request that is read, in bytes.")
    max_tokens: int = Field(default=10_000, ge=1, description="The longest document that is parsed, in tokens.")
    max_statements: int = Field(default=100, ge=1, description="The most statements that one operation may need.")
    max_rows: int = Field(default=100_000, ge=1, description="The most rows that one operation may ask for.")
    max_values: int = Field(default=500_000, ge=1, description="The most values that one answer may hold.")
    max_page: int = Field(default=MAX_PAGE, ge=1, description="The most rows of one page.")
    refuse_empty_comparisons: bool = Field(
        default=False,
        description="Refuse queries whose filters ask nothing somewhere, as a variable without a value leaves it"
        " behind. Off: that is no condition. Mutations always refuse it.",
    )
    prepared_operations: int = Field(
        default=1_000, ge=1, description="How many documents are kept parsed and validated."
    )
    readiness_timeout_s: float = Field(default=2, gt=0, description="Seconds that `/readyz` waits for the databases.")
    token_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys of access tokens, separated by commas, each of at least 32 characters. The first signs, all"
        " are believed. Empty: one is made and kept in `var/token.key`.",
    )
    access_token_s: int = Field(default=900, ge=1, description="Seconds that an access token lives.")
    sign_in_s: int = Field(
        default=30 * DAY_S, ge=1, description="Seconds that a refresh token or a cookie lives while nobody renews it."
    )
    sign_in_limit: str = Field(
        default="10/minute;100/day",
        description="How often sign-in may be tried with one e-mail address; several limits with semicolons.",
    )
    sign_in_limit_per_address: str = Field(
        default="100/minute", description="How often sign-in may be tried from one network address."
    )

    @field_validator("token_keys", mode="before")
    @classmethod
    def _split_keys_by_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("token_keys")
    @classmethod
    def _long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key) < TOKEN_KEY_CHARACTERS for key in value):
            raise ValueError(
                f"has a key of fewer than {TOKEN_KEY_CHARACTERS} characters, which could be guessed;"
                " make one with `openssl rand -base64 48`"
            )
        return value

    @field_validator("sign_in_limit", "sign_in_limit_per_address")
    @classmethod
    def _known_limit(cls, value: str) -> str:
        # Imported here, because it takes a tenth of a second, and commands of the database need none.
        from limits import parse_many

        try:
            parse_many(value)
        except ValueError:
            raise ValueError("is not a limit such as 10/minute or 10/minute;100/day") from None
        return value
