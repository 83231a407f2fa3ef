"""Commands about API keys: `trellis key create`, `list` and `revoke`.

Declarations alone; `graph.commands.actions.key` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Make and end API keys.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="key")
    group.command("create", help=help_of(_create))(_create)
    group.command("list", help=help_of(_list))(_list)
    group.command("revoke", help=help_of(_revoke))(_revoke)


def _create(
    name: Name,
    role: Annotated[list[str] | None, typer.Option("--role", help="What the key may do; may be repeated.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="EMAIL", help="For whom the key acts; without one, for itself.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="The key may change nothing.")] = False,
    expires_days: Annotated[
        int | None, typer.Option("--expires-days", min=1, max=36_500, help="Days after which the key ends.")
    ] = None,
) -> None:
    """Make an API key and print it.

    It is printed once, because only a digest of it is kept. Programs send it as `Authorization: Bearer <key>`. The
    roles are admin, editor, author and member. A key that acts for a user has of these what the user has, too, at the
    time of each request; without a role, it may do what everybody may who has signed in.

    Examples:
      KEY=$(trellis key create importer --role editor)
      trellis key create report --role member --read-only --expires-days 90
      trellis key create ada-backup --role author --user ada@example.org
    """
    from graph.commands.actions import key

    key.create(name, role or [], user=user, read_only=read_only, expires_days=expires_days)


def _list() -> None:
    """Print the keys.

    Each is a line: name, first characters, roles, user and state, with tabs between them.

    Examples:
      trellis key list | grep expired
    """
    from graph.commands.actions import key

    key.print_list()


def _revoke(name: Name) -> None:
    """End a key. Requests with it are refused from now on, and no other key gets its name.

    Examples:
      trellis key revoke importer
    """
    from graph.commands.actions import key

    key.revoke(name)
