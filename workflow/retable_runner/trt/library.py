"""What is used of TensorRT's Python module, in any of its versions, and what it says to its log."""

import sys
from typing import TYPE_CHECKING

import numpy as np

from retable_runner.errors import Unsupported

if TYPE_CHECKING:
    import tensorrt

    class Library(object):
        """The module, for the type checker: all that is taken from it by name."""

        __version__: str
        Builder = tensorrt.Builder
        BuilderFlag = tensorrt.BuilderFlag
        ILogger = tensorrt.ILogger
        MemoryPoolType = tensorrt.MemoryPoolType
        NetworkDefinitionCreationFlag = tensorrt.NetworkDefinitionCreationFlag
        OnnxParser = tensorrt.OnnxParser
        Runtime = tensorrt.Runtime
        TensorIOMode = tensorrt.TensorIOMode


# TensorRT's names of the types that a graph's inputs and outputs have here.
DTYPES = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT64": np.int64,
    "INT32": np.int32,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "BOOL": np.bool_,
}


def dtype_of(name, dtype):
    """Return the numpy type of `dtype`, TensorRT's, that the input or output `name` has."""
    if dtype.name not in DTYPES:
        raise Unsupported("{!r} is {}, which cannot be timed here".format(name, dtype.name))
    return np.dtype(DTYPES[dtype.name])


def shape_of(dims):
    """Return TensorRT's dimensions as a tuple, with None where a size is open (-1)."""
    return tuple(None if size < 0 else size for size in dims)


def outside_profile(name, shape):
    """Return what to say of an input's sizes that the engine's profile does not have."""
    return "input {!r} of {} is outside the engine's optimisation profile".format(name, list(shape))


class Words(object):
    """What the library said: `errors`, and with its warnings, `complaints`, in their order."""

    def __init__(self):
        self.errors = []
        self.complaints = []

    def cause(self):
        """Return the first error, which those after it follow from."""
        return self.errors[0] if self.errors else "TensorRT gave no reason"


def logger_of(trt: "Library", words):
    """Return a logger that keeps errors and warnings in `words`; all but chatter goes to stderr."""
    levels = trt.ILogger.Severity
    error, warning, info = int(levels.ERROR), int(levels.WARNING), int(levels.INFO)

    class Logger(trt.ILogger):  # type: ignore[misc,name-defined,unused-ignore]
        def __init__(self):
            trt.ILogger.__init__(self)  # the binding's own, or the object is none

        def log(self, severity, msg):
            level = int(severity)
            if level <= error:
                words.errors.append(msg)
            if level <= warning:
                words.complaints.append(msg)
            if level <= info:
                sys.stderr.write("TensorRT: {}\n".format(msg))

    return Logger()


def started(kind, words, *arguments):
    """Call `kind(*arguments)`; RuntimeError with the library's own words if it makes nothing."""
    try:
        return kind(*arguments)
    except TypeError as error:  # how the bindings say that a factory returned a null pointer
        raise RuntimeError(words.cause() if words.errors else str(error)) from error
