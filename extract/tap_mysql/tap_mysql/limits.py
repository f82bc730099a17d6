"""How much a server may send: every answer ends, whatever the server does.

Each bound is far above what an ERP has. The time of each wait is a setting (`read_timeout`), that of all that
is done over one connection as well (`time_limit`).
"""

from __future__ import annotations

from typing import Final

#: One packet of an answer that is kept whole: a greeting, a log-in, a row of a small result.
MAX_PACKET_BYTES: Final = 16 * 1024 * 1024

#: An answer that is kept whole, such as the list of all columns of all tables.
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024

#: A row of a table: what a server takes in by default, at most.
MAX_ROW_BYTES: Final = 64 * 1024 * 1024

#: All rows that are read over a connection.
MAX_RUN_BYTES: Final = 64 * 1024 * 1024 * 1024

#: A number has 65 digits (DECIMAL), or 30 more where a FLOAT is filled up with zeros.
MAX_NUMBER_BYTES: Final = 300
