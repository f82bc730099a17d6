"""Whether the marts have changed: by PostgreSQL's own counts of written rows, asked at most once a second."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atelier_api.database import Pool

_SECONDS = 1.0

#: Everything that a mart is made from. The counts start anew when the server does: its start is part of it.
_QUERY = """
    select
        pg_postmaster_start_time()::text,
        coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::text,
        coalesce(sum(hashtext(c.oid || ' ' || c.relfilenode)), 0)::text
    from pg_stat_user_tables as s
    inner join pg_class as c on s.relid = c.oid
    where s.schemaname in ('marts', 'intermediate', 'snapshots', 'seeds', 'raw_ftplogs', 'raw_erp', 'meltano')
"""


class Version:
    """A short text that is another one after the marts have changed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._value = ""
        self._until = 0.0

    async def now(self) -> str:
        """Return the version; at most a second late, and as late as PostgreSQL's statistics."""
        if time.monotonic() >= self._until:
            async with self._pool.connection() as connection:
                row = await (await connection.execute(_QUERY)).fetchone()
            self._value = hashlib.sha256(repr(row).encode()).hexdigest()[:16]
            self._until = time.monotonic() + _SECONDS
        return self._value
