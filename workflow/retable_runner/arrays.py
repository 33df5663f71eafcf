"""Arrays that are written as they come: [N, ...] in .npy files, however large N."""

import os
import struct
import tempfile

import numpy as np

ALIGNED = 64  # bytes: where the numbers begin is a multiple
PREAMBLE = 10  # bytes before the header's text
COUNT_WIDTH = 16  # characters for the first size, which is not known before the end


class Folder(object):
    """A folder of arrays by name, for a `with` block; `paths` when it has ended well.

    What `append` is given first says an array's shape, but for its first axis, and its type.
    """

    def __init__(self, folder):
        self._folder = folder
        self._files = {}
        self.paths = {}
        os.makedirs(folder, exist_ok=True)

    def __enter__(self):
        return self

    def append(self, name, array):
        """Add entries [n, ...] to the array `name`; ValueError if they do not fit to the others."""
        if name not in self._files:
            self._files[name] = _Growing(self._folder, array)
        self._files[name].append(array)

    def __exit__(self, failure, *_):
        for name, growing in self._files.items():
            if failure is None:
                self.paths[name] = growing.finish(os.path.join(self._folder, _file_name(name)))
            else:
                growing.discard()


class _Growing(object):
    def __init__(self, folder, like):
        self._shape, self._dtype = like.shape[1:], like.dtype
        self._count = 0
        descriptor, self._temporary = tempfile.mkstemp(suffix=".npy", dir=folder)
        self._stream = os.fdopen(descriptor, "wb")
        self._stream.write(self._header(0))

    def append(self, array):
        if array.shape[1:] != self._shape or array.dtype != self._dtype:
            raise ValueError(
                "an output changed from {} {} to {} {}".format(
                    self._dtype, list(self._shape), array.dtype, list(array.shape[1:])
                )
            )
        self._stream.write(np.ascontiguousarray(array).tobytes())
        self._count += len(array)

    def finish(self, path):
        self._stream.seek(0)
        self._stream.write(self._header(self._count))
        self._stream.close()
        os.chmod(self._temporary, 0o644)
        os.replace(self._temporary, path)
        return path

    def discard(self):
        self._stream.close()
        os.unlink(self._temporary)

    def _header(self, count):
        """The header of the format's version 1.0, of the same length whatever the count.

        Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
        """
        first, rest = "({},".format(count), "".join(" {},".format(size) for size in self._shape)
        text = "{{'descr': {!r}, 'fortran_order': False, 'shape': {:{}}{})}}".format(
            self._dtype.str, first, COUNT_WIDTH, rest
        )
        length = ALIGNED * (1 + (len(text) + PREAMBLE) // ALIGNED)
        padded = text.ljust(length - PREAMBLE - 1) + "\n"
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode("latin1")


def _file_name(name):
    """A file's name for an output, whose own may hold slashes."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in name) + ".npy"
