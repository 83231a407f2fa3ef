"""What GraphiQL shows of our schema: the operations that it opens with, and how people sign in.

Files of this folder enter, by their names' order: `1-latest-posts.graphql`, its variables beside it in
`1-latest-posts.json`. A test runs each. Nothing is executed here.
"""

from pathlib import Path

from graph.domain import SignInOperations, Tab

FOLDER = Path(__file__).parent


def _text(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _tab(file: Path) -> Tab:
    return Tab(_text(file.name), _text(f"{file.stem}.json"))


TABS = tuple(_tab(file) for file in sorted(FOLDER.glob("[0-9]*.graphql")))

SIGN_IN = SignInOperations(_text("viewer.graphql"), _text("sign-in.graphql"), _text("sign-out.graphql"))
