"""What the loader may say when it fails: never a value, as any value may be personal."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
import sqlalchemy as sa
from singer_sdk.exceptions import MissingKeyPropertiesError

from target_warehouse.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Classes of SQLSTATE whose messages quote what was to be written: data exception, constraint violation,
#: raised by a function. All others speak of tables, rights and resources.
QUOTING_CLASSES: Final = ("22", "23", "P0")

_COPIED_COLUMN = re.compile(r"COPY [^,]+, line \d+, column (\w+)")


class LoadError(Exception):
    """A load failed; the text holds no value of any row."""

    def __init__(self, sentence: str) -> None:
        super().__init__(plain_text(sentence))


class MissingPseudonymKeyError(LoadError):
    """A column must be pseudonymised and there is no key to do it with."""


def without_values(error: Exception, table: str | None = None) -> Exception:
    """Return an error that says the same without any value; `table` is what was being loaded.

    The traceback stays: it shows lines of code, no values.
    """
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(original, psycopg.OperationalError) and original.sqlstate is None:
        # No connection: it names server and user.
        return error
    if isinstance(error, (LoadError, MissingKeyPropertiesError)):
        return error
    what = type(original).__name__
    if isinstance(original, psycopg.Error) and original.sqlstate:
        diagnosis = original.diag
        what = f"{what} ({original.sqlstate})"
        if not original.sqlstate.startswith(QUOTING_CLASSES):
            what = f"{what}: {diagnosis.message_primary}"
        column = diagnosis.column_name or next(iter(_COPIED_COLUMN.findall(diagnosis.context or "")), None)
        for kind, name in (("column", column), ("constraint", diagnosis.constraint_name)):
            what += f", {kind} {name}" if name else ""
    place = table or "what the tap sent"
    return LoadError(
        f"{place} could not be loaded: {what}; the values are not shown, as they may be personal data"
    ).with_traceback(error.__traceback__)


@contextmanager
def values_hidden(table: str | None = None) -> Iterator[None]:
    """Let errors out without any value; `table` is what is being loaded."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 # whatever it is, its text may quote a row
        raise without_values(error, table) from None
