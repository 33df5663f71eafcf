"""Arrays in .npy files, written and read a piece at a time."""

import contextlib
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from retable_job import contract
from retable_job.errors import JobError


class Growing:
    """An array [N, *shape] in a file, N the number of entries appended: none stays in memory."""

    def __init__(self, stream: io.BufferedIOBase, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._stream, self._shape, self._dtype = stream, shape, dtype
        self.count = 0
        self._stream.write(self._header())

    def append(self, entry: np.ndarray) -> None:
        """Write one entry; ValueError unless it has the array's shape and dtype."""
        if entry.shape != self._shape or entry.dtype != self._dtype:
            raise ValueError(f"{entry.dtype} {entry.shape} is not {self._dtype} {self._shape}")
        self._stream.write(np.ascontiguousarray(entry).data)
        self.count += 1

    def finish(self) -> None:
        """Say in the header how many entries there are."""
        self._stream.seek(0)
        self._stream.write(self._header())

    def _header(self) -> bytes:
        # numpy pads a header such that the first axis may still grow to any length.
        written = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            written,
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self.count, *self._shape),
            },
        )
        return written.getvalue()


@contextlib.contextmanager
def growing(path: Path, shape: tuple[int, ...], dtype: str) -> Iterator[Growing]:
    """Give an array to append to; it is at `path` when the block succeeds."""
    with contract.replacing(path) as temporary, temporary.open("wb") as stream:
        array = Growing(stream, shape, np.dtype(dtype))
        yield array
        array.finish()


class Entries(Protocol):
    """An array [N, ...] of which one entry is looked at at a time: a `Stored`, or numpy's own."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class Stored:
    """An array [N, ...] in a file, of which an entry is read when it is asked for.

    A memory map would do the same, but count as memory all that was ever looked at.
    """

    def __init__(self, path: Path) -> None:
        try:
            header = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise JobError(f"{path}: not an array file ({error}); make it again") from None
        if not isinstance(header, np.memmap) or header.ndim < 1 or not header.flags.c_contiguous:
            raise JobError(f"{path}: not an array of entries, one after the other")
        self.shape, self.dtype = header.shape, header.dtype
        self._path, self._start = path, header.offset

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int, /) -> np.ndarray:
        if not 0 <= index < len(self):
            raise IndexError(f"{self._path} has no entry {index}")
        count = math.prod(self.shape[1:])
        offset = self._start + index * count * self.dtype.itemsize
        found = np.fromfile(self._path, self.dtype, count, offset=offset)
        return found.reshape(self.shape[1:])
