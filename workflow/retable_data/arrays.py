"""Arrays in .npy files, written and read a piece at a time."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

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


def mapped(path: Path) -> np.ndarray:
    """Map an array file into memory, to be read where it is looked at; JobError if it is none."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise JobError(f"{path}: not an array file ({error}); make it again") from None
