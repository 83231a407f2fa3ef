"""The `trellis` command.

Arguments and `TRELLIS_…` variables enter; results leave on stdout, one sentence with the cure and the address of a page
of the manual on stderr, and an exit status from `graph.cli.errors`.

Each command is in two files: `graph/cli/db.py` declares arguments and help with Typer alone, `graph/cli/actions/db.py`
does the work. A declaration imports its action when the command runs: help, `--version`, wrong arguments and completion
never import SQLAlchemy, Alembic or Strawberry.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from graph import VERSION
from graph.cli.env_file import read_env_file
from graph.cli.errors import CommandError
from graph.manual import address, whereabouts
from graph.terminal import may_colour

MODULES = (
    *("graph.cli.serve", "graph.cli.explain", "graph.cli.init", "graph.cli.maintain", "graph.cli.status"),
    *("graph.cli.doctor", "graph.cli.db", "graph.cli.live", "graph.cli.schema", "graph.cli.documents"),
)
"""The modules that declare the commands of every house, each with `register`."""

COMMANDS_OF_THE_HOUSE = "graph.commands"
"""The package whose `MODULES` take the place of ours, where there is one: ours and those about nouns, in order."""

COLLECT_AFTER = 300_000
"""New objects after which the collector looks for garbage among them; Python's own choice is 700."""

COMMAND_PAGE = "command"
"""The page of the manual with an entry for each command: `manual/command.py`."""


def main() -> None:
    """Run the command line as a process of its own: the console script `trellis`."""
    # A start makes 240,000 objects that stay (imports, mappers, the schema). To look for garbage among them 324 times
    # takes 0.1 s of CPU; the server sets its own threshold when it listens.
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    read_env_file()
    try:
        run(sys.argv[1:])
    finally:
        # The interpreter would take all of them apart before it ends: 0.4 s of CPU for `trellis schema export`, a third
        # of the command. Source: https://docs.python.org/3/library/gc.html#gc.freeze
        gc.freeze()


def run(arguments: Sequence[str]) -> NoReturn:
    """Run one command, and raise `SystemExit` with a status of `graph.cli.errors.Exit`."""
    command = get_command(command_line())
    try:
        status = command.main(list(arguments), prog_name="trellis", standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(130)
    except typer.Abort:
        typer.echo("Aborted!", err=True)
        sys.exit(1)
    except typer.TyperException as wrong:
        _refuse(wrong, _page_of(command, arguments))
    except CommandError as error:
        _fail(error, _page_of(command, arguments))
    except Exception as error:
        from graph.cli.failures import explained  # late, because database drivers come along

        failure = explained(error)
        if failure is None:
            raise
        _fail(failure, _page_of(command, arguments))
    sys.exit(status or 0)


def _fail(failure: CommandError, page: str) -> NoReturn:
    _tell(str(failure), failure.page or page)
    sys.exit(failure.status)


def _refuse(wrong: typer.TyperException, page: str) -> NoReturn:
    """Say what is wrong with a command line, and where its help is."""
    context = getattr(wrong, "ctx", None)  # of mistakes in the use of a command, which are nearly all
    said = wrong.format_message()
    if context is None:
        _tell(said, page)
    elif said == context.get_help():  # a group without a command: its help is the answer
        typer.echo(said, err=True)
    else:
        typer.echo(context.get_usage(), err=True)
        end = "" if said.endswith((".", "?")) else "."
        _tell(f"{said}{end} `{context.command_path} --help` says what there is.", page)
    sys.exit(wrong.exit_code)


def _tell(sentence: str, page: str) -> None:
    """A sentence on stderr, and where the manual says more."""
    is_coloured = may_colour(sys.stderr)
    error = typer.style("Error:", fg=typer.colors.RED, bold=True) if is_coloured else "Error:"
    more = f"See {whereabouts(page)}"
    typer.echo(f"{error} {sentence}\n{typer.style(more, dim=True) if is_coloured else more}", err=True)


def _page_of(command: Any, arguments: Sequence[str]) -> str:
    """Where the manual says what a command does."""
    words = ["trellis"]
    for word in arguments:
        if not isinstance(command, TyperGroup) or word not in command.commands:
            break
        words.append(word)
        command = command.commands[word]
    return address(COMMAND_PAGE, "" if isinstance(command, TyperGroup) else " ".join(words))


def command_line() -> typer.Typer:
    """Every command with its arguments and its help; no action is imported."""
    app = typer.Typer(
        name="trellis",
        cls=_WithEveryCommand,
        callback=_trellis,
        invoke_without_command=True,
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
        typer.echo(f"trellis {VERSION}")
        raise typer.Exit


def _trellis(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Trellis: a GraphQL API server on SQLAlchemy models.

    Settings are environment variables that begin with TRELLIS_; docs/settings.md lists them. `trellis` alone says where
    you are and what to do next. Every command explains itself: `trellis db upgrade --help`.
    """
    if context.invoked_subcommand is None:
        from graph.cli.actions import next_step  # late, as actions are

        next_step.tell()


class _WithEveryCommand(TyperGroup):
    """Help that lists the commands of groups too, so that one look shows everything."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = list(_leaves(self))
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(width)) for name, command in commands])


def _leaves(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{before}{name} ")
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{before}{name}", command
