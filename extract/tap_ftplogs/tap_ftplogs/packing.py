"""A set of key-value hashes at some 28 bits an entry: what the state keeps of files that are long settled."""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_left, insort
from typing import ClassVar, Final

_KEY_BITS: Final = 22
_VALUE_BITS: Final = 18
_BITS: Final = _KEY_BITS + _VALUE_BITS


class PackedSet:
    """Remembers pairs by their hashes: 22 bits of the key, 18 of the value.

    A pair that was never added is taken for known once in 2**18 where its key is known; a key once in
    2**22 divided by the number of entries. Stored as the gaps between the sorted hashes, Rice-coded, in
    base85.
    """

    ENTRY_BYTES: ClassVar = 5
    """Characters that an entry costs, rounded up."""

    def __init__(self) -> None:
        self._hashes: list[int] = []

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def text_bytes(self) -> int:
        """About how many characters `dump` returns."""
        return self.ENTRY_BYTES * len(self)

    def add(self, key: str, value: str) -> None:
        """Remember a pair."""
        number = _hash(key, _KEY_BITS) << _VALUE_BITS | _hash(value, _VALUE_BITS)
        if not self._has(number):
            insort(self._hashes, number)

    def has_value(self, key: str, value: str) -> bool:
        """Whether the pair was added."""
        return self._has(_hash(key, _KEY_BITS) << _VALUE_BITS | _hash(value, _VALUE_BITS))

    def has_key(self, key: str) -> bool:
        """Whether the key was added, with whatever value."""
        lowest = _hash(key, _KEY_BITS) << _VALUE_BITS
        position = bisect_left(self._hashes, lowest)
        return position < len(self._hashes) and self._hashes[position] < lowest + (1 << _VALUE_BITS)

    def _has(self, number: int) -> bool:
        position = bisect_left(self._hashes, number)
        return position < len(self._hashes) and self._hashes[position] == number

    def dump(self) -> str:
        """Return the set as text: the number of entries, a colon, the coded gaps."""
        if not self._hashes:
            return ""
        low_bits = _low_bits(len(self))
        bits: list[str] = []
        previous = -1
        for number in self._hashes:
            gap = number - previous - 1
            bits.append("1" * (gap >> low_bits) + "0" + format(gap & ((1 << low_bits) - 1), f"0{low_bits}b"))
            previous = number
        text = "".join(bits)
        text += "0" * (-len(text) % 8)
        packed = int("1" + text, 2).to_bytes(len(text) // 8 + 1, "big")[1:]
        return f"{len(self)}:{base64.b85encode(packed).decode()}"

    @classmethod
    def load(cls, text: str) -> PackedSet:
        """Read what `dump` returned."""
        packed_set = cls()
        if not text:
            return packed_set
        count_text, _, packed = text.partition(":")
        count = int(count_text)
        low_bits = _low_bits(count)
        bits = "".join(format(byte, "08b") for byte in base64.b85decode(packed))
        position, previous = 0, -1
        for _ in range(count):
            end = bits.index("0", position)
            high = end - position
            position = end + 1 + low_bits
            previous += 1 + (high << low_bits | int(bits[end + 1 : position] or "0", 2))
            packed_set._hashes.append(previous)
        return packed_set


def _low_bits(count: int) -> int:
    """Return Rice's parameter: about the logarithm of the mean gap."""
    return max((1 << _BITS) // count, 1).bit_length() - 1


def _hash(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> (
        64 - bits
    )
