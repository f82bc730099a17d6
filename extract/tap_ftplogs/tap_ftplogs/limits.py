"""How much a server may send: every answer ends, whatever the server does.

Each bound is far above what a plant has and far below what harms the machine that reads. The time of each
wait is a setting (`read_timeout`), that of a whole run as well (`time_limit`).
"""

from __future__ import annotations

from typing import Final

#: A reply to a command. The longest honest ones are banners and lists of features.
MAX_REPLY_BYTES: Final = 64 * 1024
MAX_REPLY_LINES: Final = 1000

#: Large enough to be fast, small enough that even a block of one-letter lines makes no mountain of rows.
BLOCK_BYTES: Final = 64 * 1024

#: The listing of one folder. An hourly file makes 88,000 lines in ten years, of some 80 bytes each.
MAX_LISTING_BYTES: Final = 16 * 1024 * 1024
MAX_LISTING_LINES: Final = 100_000
#: A line of a listing: a name of 255 characters, the target of a link.
MAX_LISTING_LINE_BYTES: Final = 2048

#: A path from the server's root, in bytes: PostgreSQL's indexes take no longer texts.
MAX_PATH_BYTES: Final = 1024
#: Folders within folders deeper than this are taken for a loop of links.
MAX_DEPTH: Final = 16
#: What the entries below one machine, and all below the root, may take in memory: 200,000 files of a machine.
MAX_MACHINE_TREE_BYTES: Final = 128 * 1024 * 1024
MAX_TREE_BYTES: Final = 512 * 1024 * 1024
#: What an entry takes in memory without its path.
ENTRY_BYTES: Final = 512
#: Each folder costs five round trips.
MAX_MACHINE_FOLDERS: Final = 5000

#: A file may grow by this much while it is read; then its size is asked for again.
MAX_GROWTH_BYTES: Final = 1024 * 1024
#: The largest file of which the server tells no size, or one that may be out of date.
MAX_UNTOLD_BYTES: Final = 256 * 1024 * 1024
#: The largest file that is read at all: far more than a machine writes in its life.
MAX_FILE_BYTES: Final = 4 * 1024 * 1024 * 1024
#: What all connections of a run may receive. What was read is kept, and the next run goes on.
MAX_RUN_BYTES: Final = 64 * 1024 * 1024 * 1024

#: So many names with a number in them are tried for a free one in the archive.
MAX_ARCHIVE_NUMBER: Final = 1000

#: A number with more digits is no size of a file.
MAX_SIZE_DIGITS: Final = 18
