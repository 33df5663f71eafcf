"""Arrays out of a MAT-file of level 5, which MATLAB writes as version 5 to 7 (not 7.3: HDF5).

The format: MathWorks, "MAT-File Format". A header of 128 bytes, then elements, each a tag (its type
and its length) and its data; those of a variable may be one compressed element.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from retable_job.errors import JobError

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {  # how a number is stored, by the type of its element
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_NUMERIC = range(6, 16)  # the classes of matrices that hold numbers: double to uint64
_COMPLEX = 0x0800


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the real numeric arrays of a file by name, float64, of the shapes they have in MATLAB.

    What else is in it (cells, text, structures, complex numbers) is left out. JobError for a file
    that is none of level 5, or not whole.
    """
    content = path.read_bytes()
    orders = {b"IM": "<", b"MI": ">"}
    try:
        order = orders[content[126:_HEADER]]
        if struct.unpack_from(f"{order}H", content, 124) != (0x0100,):
            raise ValueError("another version")
        found = (_variable(data, order) for data in _matrices(content[_HEADER:], order))
        return dict(one for one in found if one is not None)
    except (KeyError, ValueError, struct.error, zlib.error) as error:
        raise JobError(
            f"{path}: not a whole MAT-file of MATLAB's version 5 to 7 ({error})"
        ) from None


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    for kind, data in _elements(content, order):
        if kind == _COMPRESSED:
            yield from _matrices(zlib.decompress(data), order)
        elif kind == _MATRIX:
            yield data


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Give the type and the data of each element; ValueError where one is cut short."""
    at = 0
    while at < len(content):
        kind, length = struct.unpack_from(f"{order}II", content, at)
        if kind >> 16:  # a small one: type, length and data in eight bytes
            kind, length, start = kind & 0xFFFF, kind >> 16, at + 4
            following = at + 8
        else:
            start = at + 8
            following = start + length + (0 if kind == _COMPRESSED else -length % 8)
        if start + length > len(content):
            raise ValueError("it is cut short")
        yield kind, content[start : start + length]
        at = following


def _variable(data: bytes, order: str) -> tuple[str, np.ndarray] | None:
    """Return a variable's name and array; None if it is not of real numbers."""
    elements = _elements(data, order)
    flags = struct.unpack_from(f"{order}I", _next(elements)[1])[0]
    if flags & 0xFF not in _NUMERIC or flags & _COMPLEX:
        return None
    shape = np.frombuffer(_next(elements)[1], f"{order}i4")
    name = _next(elements)[1].decode("ascii")
    kind, stored = _next(elements)
    numbers = np.frombuffer(stored, order + _NUMBERS[kind]).astype(np.float64)
    return name, numbers.reshape(shape, order="F")


def _next(elements: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    try:
        return next(elements)
    except StopIteration:
        raise ValueError("a variable lacks a part") from None
