"""The `trellis` command.

Arguments and `TRELLIS_…` variables enter; results leave on stdout, one sentence with the cure on stderr, and an exit
status from `graph.cli.errors`.

Each command is in two files: `graph/cli/db.py` declares arguments and help with Typer alone, `graph/cli/actions/db.py`
does the work. A declaration imports its action when the command runs: help, `--version` and wrong arguments never
import SQLAlchemy, Pydantic or Strawberry.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from graph.cli.errors import CommandError

MODULES = ("graph.cli.serve", "graph.cli.db", "graph.cli.schema")
"""The modules that declare the commands of every house, each with `register`."""

COMMANDS_OF_THE_HOUSE = "graph.commands"
"""The package whose `MODULES` take the place of ours, where there is one: ours and those about nouns, in order."""

COLLECT_AFTER = 100_000
"""New objects after which the youngest are looked through; Python's own choice is 700."""


def main() -> None:
    """Run the command line: the console script `trellis`."""
    # A start imports modules and makes types, 300,000 objects that stay. To look for garbage among them 324 times
    # takes a tenth of the CPU time of `trellis schema export`.
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    try:
        _command_line()()
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
    for module in _modules():
        import_module(module).register(app)
    return app


def _modules() -> Sequence[str]:
    if find_spec(COMMANDS_OF_THE_HOUSE) is None:
        return MODULES
    modules: Sequence[str] = import_module(COMMANDS_OF_THE_HOUSE).MODULES
    return modules


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # late: it parses e-mail headers, which takes longer than our help

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
