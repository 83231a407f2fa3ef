"""Commands about trusted documents: `trellis documents register`, `check`, `list` and `retire`.

Declarations alone; `graph.cli.actions.documents` does the work.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Manifests of Apollo, Relay or graphql-codegen.")]
App = Annotated[str, typer.Option("--app", help="The app that sends the documents, for instance web.")]
Version = Annotated[str, typer.Option("--version", help="The app's version.")]


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Register and check what clients send.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="documents")
    group.command("register", help=help_of(_register))(_register)
    group.command("check", help=help_of(_check))(_check)
    group.command("list", help=help_of(_list))(_list)
    group.command("retire", help=help_of(_retire))(_retire)


def _register(files: Files, app: App, version: Version) -> None:
    """Register the documents of manifests: all of them, or none when one of them is wrong.

    Each is parsed, validated and priced first. Clients send its id as `documentId`, or as Apollo's
    `extensions.persistedQuery`; `sha256:` and the hash of the text always works. To register again changes nothing.
    Register before the client is deployed; running servers find new documents themselves.

    Examples:
      trellis documents register persisted-query-manifest.json --app web --version 3.2
      trellis documents register persisted_queries.json --app ios --version "$(git rev-parse --short HEAD)"
    """
    from graph.cli.actions import documents

    documents.register(files, app, version)


def _check(
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="Check this manifest instead, without a database; repeatable.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TEXT,
) -> None:
    """Check every registered document against this schema: which app and version would break, and why.

    The status is 0 when all of them fit, 1 when one does not, 2 when nothing could be checked.

    Examples:
      trellis documents check
      trellis documents check --file persisted_queries.json
      trellis documents check --format github
    """
    from graph.cli.actions import documents

    documents.check(file or [], output)


def _list(app: Annotated[str | None, typer.Option("--app", help="This app's alone.")] = None) -> None:
    """Print the registered documents.

    Each use of one is a line: app, version, id and operations, with tabs between them.

    Examples:
      trellis documents list --app web
      trellis documents list | cut -f 1,2 | sort | uniq -c
    """
    from graph.cli.actions import documents

    documents.print_list(app)


def _retire(
    app: Annotated[str | None, typer.Option("--app", help="The app.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Its version.")] = None,
    document_id: Annotated[
        str | None, typer.Option("--id", help="One document, for every app; sha256: and its hash ends all of its ids.")
    ] = None,
) -> None:
    """Take away what a version of an app sends. Documents that others send, too, stay.

    Running servers forget them within TRELLIS_DOCUMENTS_REFRESH_S seconds.

    Examples:
      trellis documents retire --app web --version 3.1
      trellis documents retire --id 8526cd9dad845cc676913790502140b378b6fe78d4ef8afe6e7dbce2f59b06cf
    """
    from graph.cli.actions import documents

    documents.retire(app, version, document_id)
