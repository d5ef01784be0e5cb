"""Draws by number: the same seed, subject and number give the same value, in any order."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.query.world import Weighted

Numbers = NDArray[np.uint64]
Places = NDArray[np.int64]


class Chance:
    """Independent draws, each by a number: always the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, subject: str, numbers: Places) -> Numbers:
        """64 random bits about a subject for each number (SplitMix64)."""
        text = f"{self.seed} {subject}".encode()
        salt = np.uint64(hash_of(text))
        x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    def share(self, subject: str, numbers: Places) -> NDArray[np.float64]:
        """Uniform in (0, 1)."""
        return ((self.bits(subject, numbers) >> np.uint64(11)) + 0.5) / 2**53

    def pick(self, subject: str, numbers: Places, among: Weighted[Any]) -> Places:
        """Places in a list, by weight."""
        return np.searchsorted(among.bounds, self.share(subject, numbers)).astype(np.int64)

    def visitor_ids(self, ordinals: Places) -> pa.Array:
        """63 random bits, as the product's own ids of visitors."""
        bits = self.bits("visitor", ordinals) >> np.uint64(1)
        return pa.array(bits.astype(np.int64))

    def ids(self, subject: str, numbers: Places) -> pa.Array:
        """Random UUIDs (version 4), as text."""
        pairs = np.stack([self.bits(f"{subject}{half}", numbers) for half in "ab"], axis=1)
        return uuid_texts(pairs.view(np.uint8).reshape(-1, 16))


def hash_of(text: bytes) -> int:
    """FNV-1a; Python's own hash() differs from run to run."""
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


HEX = np.array([list(f"{byte:02x}".encode()) for byte in range(256)], dtype=np.uint8)


def uuid_texts(octets: NDArray[np.uint8]) -> pa.Array:
    """16 random bytes each as a UUID of version 4."""
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    digits = HEX[octets].reshape(-1, 32)
    texts = np.full((len(octets), 36), ord("-"), dtype=np.uint8)
    for lower, upper, shift in ((0, 8, 0), (8, 12, 1), (12, 16, 2), (16, 20, 3), (20, 32, 4)):
        texts[:, lower + shift : upper + shift] = digits[:, lower:upper]
    offsets = np.arange(len(octets) + 1, dtype=np.int32) * 36
    return pa.StringArray.from_buffers(len(octets), pa.py_buffer(offsets), pa.py_buffer(texts))
