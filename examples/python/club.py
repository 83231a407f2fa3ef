"""A member of the garden club at work: reads every post, writes one, meets a conflict, sends money.

What the server may refuse is an answer with a type, and becomes an exception with a sentence here. The package
`trellis_client` is made by ariadne-codegen of the schema and of `operations/`.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol, assert_never

from trellis_client import (
    Client,
    CreatePostInput,
    OpenAccountInput,
    Post,
    SignInInput,
    TransferFundsInput,
    UpdatePostInput,
)
from trellis_client import (
    TransferFundsTransferFundsTransfer as Transfer,
)

PAGE = 20


class Problem(Protocol):
    """What every error of a payload has."""

    @property
    def message(self) -> str:
        """A sentence for people."""

    @property
    def path(self) -> list[str]:
        """Where in the input the cause stands."""


class Refused(Exception):
    """The server has not done what was asked for; the text says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(problem.path)}: {problem.message}" for problem in problems))


class Conflict(Exception):
    """Somebody else has saved meanwhile."""

    def __init__(self, current_version: int) -> None:
        self.current_version = current_version
        super().__init__(f"Somebody else has saved version {current_version} meanwhile.")


def connect(url: str, token: str | None = None) -> Client:
    """A client for one address, for everybody or for the one whose token it is. Close it, or use it with `with`."""
    headers = {"graphql-client-name": "example-python", "graphql-client-version": "1.0"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return Client(url, headers)


def sign_in(url: str, email: str, password: str) -> Client:
    """A client that acts for this person. Raises `Refused`."""
    with connect(url) as anybody:
        answer = anybody.sign_in(SignInInput(email=email, password=password)).sign_in
    if answer.access_token is None:
        raise Refused(answer.errors)
    return connect(url, answer.access_token)


def posts(client: Client) -> Iterator[Post]:
    """Every post, the newest first; a page is asked for when it is reached."""
    after: str | None = None
    while True:
        page = client.posts(first=PAGE, after=after).posts
        yield from page.nodes
        if not page.page_info.has_next_page:
            return
        after = page.page_info.end_cursor


def write(client: Client, title: str, content: str) -> Post:
    """A new post. Raises `Refused`."""
    answer = client.create_post(CreatePostInput(title=title, content=content)).create_post
    if answer.post is None:
        raise Refused(answer.errors)
    return answer.post


def rename(client: Client, post: Post, title: str) -> Post:
    """The post with another title, unless somebody has changed it since `post` was read. Raises `Conflict`, `Refused`.

    mypy refuses this function when the schema gets an error that is not here.
    """
    wanted = UpdatePostInput(id=post.id, if_version=post.version, title=title)
    answer = client.update_post(wanted).update_post
    for problem in answer.errors:
        match problem.typename__:
            case "VersionConflict":
                raise Conflict(problem.current_version)
            case "AlreadyExists" | "Forbidden" | "InvalidInput" | "NotFound" | "NotSignedIn" | "Undone":
                raise Refused(answer.errors)
            case _:
                assert_never(problem)
    assert answer.post is not None  # no errors
    return answer.post


def open_account(client: Client, currency: str) -> str:
    """The id of a new account. Raises `Refused`."""
    answer = client.open_account(OpenAccountInput(currency=currency)).open_account
    if answer.account is None:
        raise Refused(answer.errors)
    return answer.account.id


def send(client: Client, from_id: str, to_id: str, amount: Decimal, key: str) -> Transfer:
    """Move money, once for each key: call it again with the same key when an answer is lost. Raises `Refused`."""
    wanted = TransferFundsInput(from_account_id=from_id, to_account_id=to_id, amount=amount, idempotency_key=key)
    answer = client.transfer_funds(wanted).transfer_funds
    if answer.transfer is None:
        raise Refused(answer.errors)
    return answer.transfer
