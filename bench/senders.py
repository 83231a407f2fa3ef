"""Who asks, as a request says so: an operation enters, the headers of its requests leave."""

from functools import cache

from pydantic import SecretStr

from bench.operations import MEMBER, READER, SIGN_IN, TOKEN_KEY, Operation, Sender
from graph.auth.tokens import Tokens
from graph.settings import Settings


def headers_of(operation: Operation) -> dict[str, str]:
    """What says who asks; nothing for an admin, who is not asked. A token is made anew, for it does not hold long."""
    if operation.sender is Sender.MEMBER:
        return {MEMBER: str(READER)}
    if operation.sender is Sender.SIGNED_IN:
        return {"authorization": f"Bearer {_tokens().issue(READER, SIGN_IN).text}"}
    return {}


@cache
def _tokens() -> Tokens:
    return Tokens(Settings(token_keys=(SecretStr(TOKEN_KEY),)))
