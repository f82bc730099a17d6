"""All rows of a list as a file, read from the warehouse and written in parts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from atelier_api import labels
from atelier_api.auth import audit
from atelier_api.errors import ProblemError
from atelier_api.formats import csv, xlsx
from atelier_api.listing import named
from atelier_api.middleware import route_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from atelier_api.listing import Column
    from atelier_api.respond import Answer

#: Rows of a file at most: what a person can do something with, and what never fills the disk.
LARGEST_EXPORT = 100_000

_PART = 2_000


async def export(  # what a file is made from
    answer: Answer,
    columns: Sequence[Column],
    text: str,
    parameters: Mapping[str, Any],
    form: Literal["csv", "xlsx"],
    headers: Mapping[str, str],
) -> Response:
    """Answer with a file of the rows of a query.

    Raises:
        ProblemError: There are more rows than a file may have, or too many files are being made.
    """
    words = route_of(answer.request.scope).split("/")[2:]
    title = "-".join(word for word in words if not word.startswith("{"))
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="atelier-export-"))
    try:
        path = folder / f"{title}.{form}"
        async with answer.services.exports.turn(answer.principal):
            rows = await _write(answer, columns, _parts(answer, columns, text, parameters), path, title)
        await audit.record(
            answer.services.database.own,
            answer.request,
            "export",
            actor=answer.principal.name,
            target=answer.request.url.path,
            details={"form": form, "rows": rows},
        )
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        headers=dict(headers),
        media_type=xlsx.MEDIA_TYPE if form == "xlsx" else csv.MEDIA_TYPE,
        filename=path.name,
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


async def _write(
    answer: Answer,
    columns: Sequence[Column],
    parts: AsyncIterator[list[list[Any]]],
    path: Path,
    title: str,
) -> int:
    names = [column.name for column in columns]
    count = 0
    if path.suffix == ".xlsx":
        sheet = xlsx.Sheet(path, title, names, answer.language)
        async for part in parts:
            await asyncio.to_thread(sheet.add, part)
            count += len(part)
        await asyncio.to_thread(sheet.close)
        return count
    headings = [[labels.column(name, answer.language) for name in names]]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv.BYTE_ORDER_MARK + csv.lines(headings, answer.language))
        async for part in parts:
            file.write(await asyncio.to_thread(csv.lines, part, answer.language))
            count += len(part)
    return count


async def _parts(
    answer: Answer, columns: Sequence[Column], text: str, parameters: Mapping[str, Any]
) -> AsyncIterator[list[list[Any]]]:
    database = answer.services.database
    pool = database.exports if answer.pool is database.marts else answer.pool
    async with pool.connection() as connection, connection.transaction():
        async with connection.cursor("export") as cursor:
            await cursor.execute(text.encode(), parameters)
            count = 0
            while rows := await cursor.fetchmany(_PART):
                count += len(rows)
                if count > LARGEST_EXPORT:
                    raise ProblemError(
                        HTTPStatus.UNPROCESSABLE_ENTITY,
                        f"a file may have {LARGEST_EXPORT} rows: ask for a shorter time or fewer machines",
                        kind="export-too-large",
                    )
                data = named(columns, rows, answer.language)
                yield [[one[column.name] for column in columns] for one in data]
