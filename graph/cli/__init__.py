"""The `trellis` command.

Arguments and `TRELLIS_…` variables enter; results leave on stdout, one sentence with the cure on stderr, and an exit
status from `graph.cli.errors`. Each module beside this one adds its commands with `register`.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from graph.cli.errors import CommandError

MODULES = {
    "serve": "serve",
    "db": "db",
    "import": "content",
    "demo": "content",
    "export": "content",
    "schema": "schema",
    "user": "user",
    "key": "key",
}
"""Where each command is."""


def main() -> None:
    """Run the command line: the console script `trellis`."""
    try:
        _command_line()(prog_name="trellis")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        # Imported here, because it takes the database's drivers along, and `trellis --help` needs none.
        from graph.cli.failures import explained

        failure = error if isinstance(error, CommandError) else explained(error)
        if failure is None:
            raise
        typer.echo(f"Error: {failure}", err=True)
        sys.exit(failure.status)


def _command_line() -> typer.Typer:
    app = typer.Typer(
        name="trellis",
        cls=_WithEveryCommand,
        callback=_trellis,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain text: examples keep their lines, and pipes get no boxes
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for module in _modules(sys.argv[1:]):
        import_module(f"graph.cli.{module}").register(app)
    return app


def _modules(arguments: list[str]) -> list[str]:
    """The modules of the command that is wanted, or all: importing what nobody asked for takes half of the time."""
    wanted = {MODULES[argument] for argument in arguments[:1] if argument in MODULES}
    return list(wanted or dict.fromkeys(MODULES.values()))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trellis {version('trellis')}")
        raise typer.Exit


def _trellis(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Trellis: a GraphQL API server on SQLAlchemy models.

    Settings are environment variables that begin with TRELLIS_; the README lists them. Start with `trellis db upgrade`,
    then `trellis serve`. Every command explains itself: `trellis db upgrade --help`.
    """


class _WithEveryCommand(TyperGroup):
    """Help that lists the commands of groups too, so that one look shows everything."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = list(_leaves(self))
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(width)) for name, command in commands])


def _leaves(group: TyperGroup, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{before}{name} ")
        elif not command.hidden:
            yield f"{before}{name}", command
