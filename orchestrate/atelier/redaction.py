"""Takes values of rows out of what a part of a run says, before it is shown, kept or repeated."""

from __future__ import annotations

import logging
import re
from typing import Any

#: PyPI's tap-mysql logs its queries with the greatest key of the table, which may be a text that somebody
#: typed.
_KEYS_OF_A_QUERY = re.compile(r"(Running SELECT .*?) WHERE .*", re.DOTALL)


class WithoutKeys(logging.Filter):
    """A logging filter that cuts queries before their conditions."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the line of a plugin; structlog puts its text into a dictionary."""
        event: Any = record.msg
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            event["event"] = _KEYS_OF_A_QUERY.sub(r"\1", event["event"])
        return True
