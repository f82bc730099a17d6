"""Style sheets, scripts and pictures: addresses that name their version, so that browsers keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

FOLDER = Path(__file__).resolve().parent.parent / "static"


@cache
def version() -> str:
    """Return what names the files as they are: the start of a digest of all of them and of the labels."""
    digest = hashlib.sha256()
    labels = Path(__file__).resolve().parent.parent / "labels"
    for folder in (FOLDER, labels):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(folder)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def address(path: str) -> str:
    """Return the address of a file of the folder."""
    return f"/static/{version()}/{path}"


class Assets(StaticFiles):
    """Serves the files below the version's address; another version is answered, but not kept."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file."""
        asked, _, rest = path.partition("/")
        response = await super().get_response(rest, scope)
        is_current = asked == version() and response.status_code in {200, 304}
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_current else "no-cache"
        )
        return response
