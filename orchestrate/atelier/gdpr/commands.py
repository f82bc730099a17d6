"""The commands about personal data.

What names a person comes from the environment: no list of processes shows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_warehouse.plain_text import plain_lines

from atelier.backup import suppressions
from atelier.connections import Warehouse, project_root, resolve
from atelier.errors import AtelierError
from atelier.gdpr import exports, operations, sentences
from atelier.gdpr.register import write_register

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def _say(text: str) -> None:
    print(f"atelier: {plain_lines(text)}", file=sys.stderr, flush=True)  # noqa: T201 # a command-line program


def _register(_: argparse.Namespace) -> str:
    return write_register(project_root())


def _enforce(arguments: argparse.Namespace) -> str:
    variables = resolve(project_root(), arguments.environment, os.environ)
    return sentences.enforced(operations.enforce(variables, _say))


def _retention(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    told = sentences.retained(operations.retain(variables, root, _say))
    suppressions.keep(root, arguments.environment, variables)
    return told


def _erase(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    number = operations.customer_number(variables)
    request = operations.Request.of(variables, number)
    outcome = operations.erase(variables, root, number, request, _say)
    # At once: a restore must not bring back who is erased, whatever becomes of the figures below.
    suppressions.keep(root, arguments.environment, variables)
    told = sentences.erased(outcome)
    # Even when nothing was left to erase: the time before may have been cut short here.
    if operations.has_marts(Warehouse.of(variables)):
        print(told, flush=True)  # noqa: T201 # a command-line program
        _transform(arguments.environment)
        told = sentences.MARTS_FOLLOW
    return told


def _export(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    number = operations.customer_number(variables)
    request = operations.Request.of(variables, number)
    outcome, folder = exports.export(variables, root, number, request, _say)
    return sentences.exported(outcome, folder)


def _transform(environment: str) -> None:
    """Bring the figures of the marts after what was erased."""
    kept = {name: value for name, value in os.environ.items() if name != "CUSTOMER"}
    meltano = Path(sys.executable).parent / "meltano"
    done = subprocess.run(
        [str(meltano), f"--environment={environment}", "run", "transform"],
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
        raise AtelierError(
            f"the customer is erased, but the figures of the marts could not be computed anew ({last[0]}): "
            f"run `.venv/bin/meltano --environment={environment} run transform`"
        )


#: By name: what it does, and how.
COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.Namespace], str]]]] = {
    "register": ("write the register of processing from the tags of the columns", _register),
    "erase": ("erase CUSTOMER for good, asked by REQUESTED_BY under REFERENCE", _erase),
    "export": ("write all that is held about CUSTOMER, asked by REQUESTED_BY under REFERENCE", _export),
    "retention": ("record what is too old today, and take it out of raw and snapshots", _retention),
    "enforce": ("withhold from logs and history what is recorded as erased or too old", _enforce),
}
