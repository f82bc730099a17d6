"""Reads the rows of a running query as the server sends them, several times as fast as a cursor does.

PyMySQL speaks the protocol up to the first row; from there on every row is one packet of length-encoded
texts, taken from large blocks. It is the text protocol, so each value is what MySQL itself shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymysql.constants import CR
from pymysql.cursors import SSCursor
from pymysql.err import InternalError
from pymysql.protocol import MysqlPacket

from tap_mysql.limits import MAX_ROW_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.connections import Connection

_BLOCK_BYTES: Final = 256 * 1024
_HEADER_BYTES: Final = 4
_LONGEST_PACKET: Final = 0xFFFFFF
_LONGEST_END_PACKET: Final = 8

_NULL: Final = 0xFB
_END: Final = 0xFE
_ERROR: Final = 0xFF


def query(connection: Connection[Any], sql: str) -> Iterator[list[bytes]]:
    """Run a query that returns rows.

    Args:
        connection: Nothing else may use it until the last row is read; it is closed if that does not happen.
        sql: The query, sent as it is.

    Yields:
        Some rows at a time, each as its packet; `fields` takes it apart.

    Raises:
        pymysql.err.MySQLError: The server refuses the query, or the connection is lost.
    """
    # The cursor stays for as long as its result is read.
    cursor = connection.cursor(SSCursor)
    is_read = False
    try:
        cursor.execute(sql)
        yield from _packets(connection)
        is_read = True
    finally:
        result: Any = connection._result  # type: ignore[attr-defined]  # noqa: SLF001
        if result is not None:
            # Otherwise PyMySQL would wait for rows that are read already, or that nobody wants.
            result.unbuffered_active = False
            result.connection = None
        if not is_read:
            connection._force_close()  # type: ignore[attr-defined]  # noqa: SLF001
        cursor.close()


def fields(packet: bytes) -> list[bytes | None]:
    """Return the values of a row; None is NULL.

    Raises:
        ValueError: It is no row.
    """
    values: list[bytes | None] = []
    position, end = 0, len(packet)
    while position < end:
        length = packet[position]
        position += 1
        if length >= _NULL:
            if length == _NULL:
                values.append(None)
                continue
            size = length - _NULL + 1 if length < _END else 8
            length = int.from_bytes(packet[position : position + size], "little")
            position += size
        stop = position + length
        values.append(packet[position:stop])
        position = stop
    if position > end:
        raise ValueError("a row ends within a value")
    return values


def _packets(connection: Any) -> Iterator[list[bytes]]:  # noqa: ANN401 - its private parts are needed
    read, read_some = connection._rfile.read, connection._rfile.read1  # noqa: SLF001
    number: int = connection._next_seq_id  # noqa: SLF001
    data = b""
    missing = 0
    parts: list[bytes] = []
    while True:
        try:
            # A packet longer than a block is waited for as a whole: joining blocks would copy it many times.
            block = read(missing) if missing > _BLOCK_BYTES else read_some(_BLOCK_BYTES)
        except OSError as error:
            raise connection.lost(f"the connection was lost ({error})") from error
        if not block:
            raise connection.lost("the server closed the connection")
        connection.take_rows(len(block))
        data += block
        position, end = 0, len(data)
        missing = 0
        rows: list[bytes] = []
        while position + _HEADER_BYTES <= end:
            length = data[position] | data[position + 1] << 8 | data[position + 2] << 16
            start = position + _HEADER_BYTES
            stop = start + length
            if stop > end:
                missing = stop - end
                break
            if data[position + 3] != number:
                if data[start : start + 1] != bytes([_ERROR]):
                    raise InternalError(CR.CR_MALFORMED_PACKET, f"packet {number} is missing")
                # MariaDB numbers anew when it is told to stop.
                _raise_error(data[start:stop], connection)
            number = (number + 1) & 0xFF
            position = stop
            if length == _LONGEST_PACKET:
                parts.append(data[start:stop])
                if len(parts) * _LONGEST_PACKET >= MAX_ROW_BYTES:
                    raise InternalError(
                        CR.CR_MALFORMED_PACKET, f"a row has more than {MAX_ROW_BYTES:,} bytes"
                    )
                continue
            packet = data[start:stop]
            if parts:
                packet = b"".join([*parts, packet])
                parts.clear()
            elif not packet:
                raise InternalError(CR.CR_MALFORMED_PACKET, "a row has no bytes")
            elif packet[0] >= _END:
                if packet[0] == _ERROR:
                    _raise_error(packet, connection)
                if length <= _LONGEST_END_PACKET:
                    yield rows
                    return
            rows.append(packet)
        data = data[position:]
        if rows:
            yield rows


def _raise_error(packet: bytes, connection: Any) -> None:  # noqa: ANN401 - as above
    MysqlPacket(packet, connection.encoding).raise_for_error()
