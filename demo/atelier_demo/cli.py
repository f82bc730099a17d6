"""The program `atelier-demo`: the local servers, their sources and the demo, from the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from atelier.errors import AtelierError

from atelier_demo import tools
from atelier_demo.demo import run_demo
from atelier_demo.factory import fill, grow
from atelier_demo.servers import Site
from atelier_demo.servers.places import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from atelier_demo.servers import ServerStatus


def say(line: str) -> None:
    """Show a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def site_of(options: argparse.Namespace) -> Site:
    """Return the site that the command line names, or the project's own.

    Raises:
        AtelierError: None is named, and we are not in a project.
    """
    return Site(options.site or root_folder() / ".local" / "dev")


def root_folder() -> Path:
    """Return the project's folder.

    Raises:
        AtelierError: We are not in a project.
    """
    root = project_root()
    if root is None:
        raise AtelierError("no project here: start this in Atelier's folder, or name a folder with --site")
    return root


def run(options: argparse.Namespace) -> int:
    """Run the demo from end to end."""
    wanted = {name: getattr(options, name) for name in fill.AMOUNTS}
    run_demo(root_folder(), site_of(options), wanted, say)
    return 0


def lint_sql(options: argparse.Namespace) -> int:
    """Lint the SQL; it is compiled on a warehouse of the tests, which stays empty."""
    site = Site(options.site or root_folder() / ".local" / "test")
    try:
        tools.lint_sql(root_folder(), site.up())
    finally:
        site.down()
    return 0


def up(options: argparse.Namespace) -> int:
    """Start whatever does not run."""
    site = site_of(options)
    site.up(say)
    say(f"How to log in: {site.env_file}")
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop all servers."""
    site_of(options).down(say)
    return 0


def status(options: argparse.Namespace) -> int:
    """Show what runs where."""
    say(table(site_of(options).status()))
    return 0


def table(servers: Sequence[ServerStatus]) -> str:
    """Return what runs where, in columns."""
    rows = [("SERVER", "STATE", "ADDRESS", "PROCESS", "USER", "DATA", "LOG")]
    for one in servers:
        state = "running" if one.running else "stopped"
        address = f"{one.host}:{one.port}" if one.port else "-"
        process = str(one.pid) if one.pid else "-"
        rows.append((one.name, state, address, process, one.user, str(one.data_folder), str(one.log_file)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


class Parser(argparse.ArgumentParser):
    """A parser that refuses a command line in one sentence."""

    def error(self, message: str) -> NoReturn:
        """End with what is wrong; how the command is used stands in --help."""
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser; each subcommand is registered here, in one line."""
    top: argparse.ArgumentParser = Parser(prog="atelier-demo", description=__doc__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    add(commands, "up", up, "start PostgreSQL, MariaDB and vsftpd; those that run are left alone")
    add(commands, "down", down, "stop them; their data stay")
    add(commands, "status", status, "show what runs where")
    fill.add_arguments(
        add(commands, "fill", fill.run, "fill the FTP server and the ERP with made-up sources")
    )
    add(commands, "grow", grow.run, "let the machines finish the day that `fill` left half-way")
    fill.add_amounts(add(commands, "run", run, "the demo: servers, sources, the pipeline, a summary"))
    add(commands, "lint-sql", lint_sql, "lint the SQL of the dbt project")
    return top


def add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    description: str,
) -> argparse.ArgumentParser:
    """Register a subcommand and return its parser, for more options."""
    command = commands.add_parser(name, help=description, description=description)
    command.add_argument(
        "--site", type=Path, metavar="FOLDER", help="the servers' folder (default: the project's .local/dev)"
    )
    command.set_defaults(function=function)
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted."""
    options = parser().parse_args(arguments)
    function: Callable[[argparse.Namespace], int] = options.function
    try:
        return function(options)
    except AtelierError as error:
        sys.stderr.write(f"atelier-demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("atelier-demo: interrupted; what runs already goes on: see atelier-demo status\n")
        return 130
