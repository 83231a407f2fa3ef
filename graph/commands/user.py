"""Commands about users: `trellis user create`, `list`, `activate`, `deactivate` and `password`.

Declarations alone; `graph.commands.actions.user` does the work. A password is never an argument, which others on the
machine could read.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Add users, and say who may sign in.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="user")
    group.command("create", help=help_of(_create))(_create)
    group.command("list", help=help_of(_list))(_list)
    group.command("deactivate", help=help_of(_deactivate))(_deactivate)
    group.command("activate", help=help_of(_activate))(_activate)
    group.command("password", help=help_of(_password))(_password)


def _create(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="The name that others see.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="What the user may do; may be repeated.")] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Add a user.

    The roles are admin, editor, author and member. On a terminal the password is asked for, twice. Without a password
    the user cannot sign in.

    Examples:
      trellis user create ada@example.org --name Ada --role admin
      pass show ada | trellis user create ada@example.org --name Ada --role author --password-stdin
    """
    from graph.commands.actions import user

    user.create(email, name, role or [], password_stdin=password_stdin)


def _list() -> None:
    """Print the users.

    Each is a line: e-mail address, name, roles and state, with tabs between them.

    Examples:
      trellis user list | grep inactive
    """
    from graph.commands.actions import user

    user.print_list()


def _deactivate(email: Email) -> None:
    """Let a user in no more. Tokens, cookies and keys of the user are refused from now on.

    Examples:
      trellis user deactivate ada@example.org
    """
    from graph.commands.actions import user

    user.deactivate(email)


def _activate(email: Email) -> None:
    """Let a user in again. Keys of the user work again; to sign in takes the password.

    Examples:
      trellis user activate ada@example.org
    """
    from graph.commands.actions import user

    user.activate(email)


def _password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Give a user another password.

    On a terminal it is asked for, twice. All sign-ins of the user end.

    Examples:
      trellis user password ada@example.org
      pass show ada | trellis user password ada@example.org --password-stdin
    """
    from graph.commands.actions import user

    user.change_password(email, password_stdin=password_stdin)
