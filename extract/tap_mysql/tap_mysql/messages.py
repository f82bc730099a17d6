"""Writes Singer messages: as the SDK does, but records in blocks, as they come by the hundred thousand."""

from __future__ import annotations

import sys

from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage


class BlockWriter(SimpleSingerWriter):
    """Flushes after every message but a record: whoever reads a state has the records before it."""

    def write_message(self, message: Message) -> None:
        """Write a message."""
        sys.stdout.write(self.format_message(message) + "\n")
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()

    def write_lines(self, text: str) -> None:
        """Write messages that are formatted already, each with its line end."""
        sys.stdout.write(text)
