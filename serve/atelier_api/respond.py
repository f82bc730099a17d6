"""From a request to its answer: the form that is asked for, what has not changed, one page or all rows."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import orjson
from fastapi.responses import Response
from psycopg.errors import FeatureNotSupported

from atelier_api import labels
from atelier_api.errors import ProblemError
from atelier_api.formats.export import export
from atelier_api.listing import named
from atelier_api.paging import DEFAULT_PAGE, PageQuery, Position, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from atelier_api.auth.principals import Principal
    from atelier_api.database import Pool
    from atelier_api.labels import Language
    from atelier_api.listing import Column, Listing
    from atelier_api.services import Services

Form = Literal["json", "csv", "xlsx"]

_PAGING = frozenset({"limit", "cursor", "sort", "fields", "format"})
_MEDIA_TYPES: dict[str, Form] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_VARY = "Accept, Accept-Language, Authorization, Cookie"


async def rows_of(pool: Pool, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the marts."""
    async with pool.connection() as connection:
        try:
            cursor = await connection.execute(text.encode(), parameters)
        except FeatureNotSupported:
            # The plan of a prepared statement outlives a table that was built with other types.
            await connection.execute("deallocate all")
            cursor = await connection.execute(text.encode(), parameters, prepare=False)
        return await cursor.fetchall()


class Answer:
    """Answers one request of somebody who may ask it."""

    def __init__(
        self, request: Request, services: Services, principal: Principal, pool: Pool | None = None
    ) -> None:
        """Answer a request.

        Args:
            request: What is asked.
            services: The server's services.
            principal: Who asks.
            pool: Where rows are read; the marts unless given.
        """
        self.request = request
        self.pool = pool or services.database.marts
        self.services = services
        self.principal = principal
        self.language: Language = labels.negotiated(request.headers.get("accept-language"))

    async def page(
        self,
        listing: Listing,
        query: PageQuery,
        *,
        cached: bool = True,
        **more: Any,  # noqa: ANN401
    ) -> Response:
        """Answer with rows of a list.

        Args:
            listing: What is read.
            query: The parameters, with `sort` and `fields`.
            cached: Whether it changes with the marts alone, so that the client may keep it.
            more: Filters that are not parameters of the query, such as a part of the path.
        """
        asked = query.model_dump()
        form = self._form(query.format)
        if form != "json":
            self.principal.check("exports")
        filters = {name: value for name, value in asked.items() if name not in _PAGING} | more
        etag, unchanged = await self._etag(form) if cached else (None, None)
        if unchanged:
            return unchanged
        columns = listing.chosen(asked["fields"], self.principal.permissions)
        order = listing.order(asked["sort"], self.principal.permissions)
        mark = fingerprint(self.request.url.path, asked["sort"], filters)
        after = self._position(listing, order[0], mark, query.cursor)
        if form != "json":
            limit = query.limit
            text, parameters = listing.query(columns, filters, order, after=after, limit=limit)
            headers = self._headers(etag)
            return await export(self, columns, text, parameters, form, headers)
        limit = query.limit or DEFAULT_PAGE
        text, parameters = listing.query(columns, filters, order, after=after, limit=limit + 1)
        rows = await rows_of(self.pool, text, parameters)
        following = None
        if len(rows) > limit:
            rows = rows[:limit]
            shown = sum(1 for column in columns if column.label_of is None)
            following = self.services.cursors.make(mark, list(rows[-1][shown:]))
        data = named(columns, rows, self.language)
        return self.json({"data": data, "next_cursor": following, "count": len(rows)}, etag)

    async def single(self, listing: Listing, missing: str, **key: Any) -> Response:  # noqa: ANN401
        """Answer with the one row that has a key.

        Raises:
            ProblemError: There is none; `missing` says so.
        """
        etag, unchanged = await self._etag("json")
        return unchanged or self.json(await self.one(listing, missing, **key), etag)

    async def one(self, listing: Listing, missing: str, **key: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the one row that has a key.

        Raises:
            ProblemError: There is none.
        """
        columns = listing.chosen(None, self.principal.permissions)
        first = listing.columns[listing.key[0]]
        text, parameters = listing.query(columns, key, (first, False), after=None, limit=1)
        rows = await rows_of(self.pool, text, parameters)
        if not rows:
            raise ProblemError(HTTPStatus.NOT_FOUND, missing)
        return named(columns, rows, self.language)[0]

    async def all(
        self,
        listing: Listing,
        sort: str,
        limit: int | None = None,
        **filters: Any,  # noqa: ANN401
    ) -> list[dict[str, Any]]:
        """Return rows of a list that belong to a single object."""
        columns = listing.chosen(None, self.principal.permissions)
        order = listing.order(sort, self.principal.permissions)
        text, parameters = listing.query(columns, filters, order, after=None, limit=limit)
        rows = await rows_of(self.pool, text, parameters)
        return named(columns, rows, self.language)

    async def unchanged(self) -> tuple[str, Response | None]:
        """Return the entity tag of a single object's answer, and the answer 304 if the client has it."""
        return await self._etag("json")

    def json(
        self, content: dict[str, Any], etag: str | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        """Return an answer in JSON."""
        return Response(orjson.dumps(content), status, self._headers(etag), "application/json")

    def _form(self, asked: Form | None) -> Form:
        if asked:
            return asked
        for part in self.request.headers.get("accept", "").split(","):
            form = _MEDIA_TYPES.get(part.partition(";")[0].strip().lower())
            if form:
                return form
        return "json"

    def _headers(self, etag: str | None) -> dict[str, str]:
        headers = {
            "Cache-Control": "private, no-cache" if etag else "no-store",
            "Content-Language": self.language,
            "Vary": _VARY,
        }
        return headers | ({"ETag": etag} if etag else {})

    async def _etag(self, form: Form) -> tuple[str, Response | None]:
        parts = (
            await self.services.version.now(),
            self.request.url.path,
            self.request.url.query,
            self.language,
            form,
            *sorted(self.principal.permissions),
        )
        etag = f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
        known = self.request.headers.get("if-none-match", "")
        if etag in [tag.strip() for tag in known.split(",")]:
            return etag, Response(None, HTTPStatus.NOT_MODIFIED, self._headers(etag))
        return etag, None

    def _position(self, listing: Listing, column: Column, mark: str, cursor: str | None) -> Position | None:
        if cursor is None:
            return None
        length = 1 + sum(1 for name in listing.key if name != column.name)
        return self.services.cursors.read(mark, cursor, length)
