"""A set of hashes at some 36 bits an entry: what the state keeps of files that are long settled."""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_left
from typing import ClassVar, Final

_KEY_BITS: Final = 20
_VALUE_BITS: Final = 16
_PROOF_BITS: Final = 12
_BITS: Final = _KEY_BITS + _VALUE_BITS + _PROOF_BITS


class PackedSet:
    """Remembers keys with a value and a proof, by their hashes: 20, 16 and 12 bits.

    Where its key is known, a value that was never added is taken for known once in 2**16, and a proof of a
    known value once in 2**12; a key that was never added once in 2**20 divided by the number of entries.
    Stored as the gaps between the sorted hashes, Rice-coded, in base85.
    """

    ENTRY_BYTES: ClassVar = 5.75
    """Characters that an entry costs, a little more than it does among ten thousand."""

    def __init__(self) -> None:
        self._hashes: list[int] = []

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def text_bytes(self) -> float:
        """About how many characters `dump` returns."""
        return self.ENTRY_BYTES * len(self)

    def add(self, key: str, value: str, proof: str) -> None:
        """Remember a key."""
        number = _hash(key, value, proof)
        position = bisect_left(self._hashes, number)
        if position == len(self._hashes) or self._hashes[position] != number:
            self._hashes.insert(position, number)

    def has_key(self, key: str) -> bool:
        """Whether the key was added, with whatever value."""
        return self._has(_hash(key), _VALUE_BITS + _PROOF_BITS)

    def has_value(self, key: str, value: str) -> bool:
        """Whether the key was added with this value."""
        return self._has(_hash(key, value), _PROOF_BITS)

    def has_proof(self, key: str, value: str, proof: str) -> bool:
        """Whether the key was added with this value and this proof."""
        return self._has(_hash(key, value, proof), 0)

    def distrust(self, key: str) -> None:
        """Know the key without its value from now on."""
        lowest = _hash(key)
        end = lowest + (1 << (_VALUE_BITS + _PROOF_BITS))
        self._hashes = [number for number in self._hashes if not lowest <= number < end]
        self.add(key, "", "")

    def _has(self, lowest: int, free_bits: int) -> bool:
        """Whether there is a hash that differs from one in its last bits only."""
        position = bisect_left(self._hashes, lowest)
        return position < len(self._hashes) and self._hashes[position] < lowest + (1 << free_bits)

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


def _hash(key: str, value: str | None = None, proof: str | None = None) -> int:
    """Return the hash of an entry; what is not given counts as 0."""
    number = _bits(key, _KEY_BITS) << (_VALUE_BITS + _PROOF_BITS)
    if value is not None:
        number |= _bits(value, _VALUE_BITS) << _PROOF_BITS
    if proof is not None:
        number |= _bits(proof, _PROOF_BITS)
    return number


def _bits(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> (
        64 - bits
    )
