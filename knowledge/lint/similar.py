"""How much two texts have in common, quickly: MinHash signatures (Broder 1997) of runs of five words."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Signature = NDArray[np.uint32]

_RUN = 5
SIZE = 128
_BAND = 4
"""Signatures that agree in one band of so many are compared: at .8 in common all but 1 in 10 million pairs are."""
_LEAST_WORDS = 30
_MOST_COMPARED = 12
_BATCH = 2048
_WORD = re.compile(r"\w+")
_random = np.random.default_rng(20260101)
_FACTORS = _random.integers(1, 2**63, SIZE, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _random.integers(0, 2**63, SIZE, dtype=np.uint64)
_PLACES = _random.integers(1, 2**63, _RUN, dtype=np.uint64) | np.uint64(1)


def signature(text: str) -> Signature | None:
    """Of a text with enough words to be compared."""
    words = np.fromiter(map(_hash, _WORD.findall(text.casefold())), np.uint64)
    if len(words) < _LEAST_WORDS:
        return None
    count = len(words) - _RUN + 1
    runs = np.zeros(count, np.uint64)
    for place, factor in enumerate(_PLACES):
        runs += (words[place : place + count] + np.uint64(1)) * factor
    runs ^= runs >> np.uint64(31)
    lowest = np.full(SIZE, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(runs), _BATCH):  # multiply-shift hashing, Dietzfelbinger 1997
        hashed = runs[start : start + _BATCH, None] * _FACTORS
        hashed += _OFFSETS
        np.minimum(lowest, (hashed.min(axis=0) >> np.uint64(32)).astype(np.uint32), out=lowest)
    return lowest


@lru_cache(maxsize=32768)
def _hash(word: str) -> int:
    """Kept, because documents of one folder share most of their words."""
    return crc32(word.encode())


def likeness(one: Signature | None, other: Signature | None) -> float:
    """Share of the runs of words that both have, of all that either has, within about .04."""
    return 0.0 if one is None or other is None else float(np.mean(one == other))


def alike(signatures: Sequence[Signature | None], least: float) -> Iterator[tuple[int, int, float]]:
    """Each text that has at least so much in common with an earlier one, with the one most like it."""
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, keys in _shared(signatures):
        mine = signatures[index]
        earlier = {other for key in keys for other in buckets.get(key, ())}
        best = max(((likeness(mine, signatures[other]), -other) for other in earlier), default=(0.0, 0))
        if best[0] >= least:
            yield index, -best[1], best[0]
        for key in keys:
            if len(buckets[key]) < _MOST_COMPARED:
                buckets[key].append(index)


def _shared(signatures: Sequence[Signature | None]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each text that agrees with any other one in some bands, with those bands and what they are."""
    present = [(index, mine) for index, mine in enumerate(signatures) if mine is not None]
    if not present:
        return
    bands = np.stack([mine for _, mine in present]).reshape(len(present), -1, _BAND)
    keys = (bands * _FACTORS[:_BAND]).sum(
        axis=2, dtype=np.uint64
    )  # a number a band: that two fall together costs a comparison
    shared = np.zeros(keys.shape, bool)
    for band, column in enumerate(keys.T):
        order = np.argsort(column, kind="stable")
        same = column[order[1:]] == column[order[:-1]]
        shared[order[1:][same], band] = shared[order[:-1][same], band] = True
    for row in np.flatnonzero(shared.any(axis=1)):
        yield present[row][0], [(int(band), int(keys[row, band])) for band in np.flatnonzero(shared[row])]
