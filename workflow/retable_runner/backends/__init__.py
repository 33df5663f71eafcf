"""Backends: the libraries that run a graph, one file each.

A backend's module imports its library inside its functions, never at its top, and has

`versions() -> dict`
    Import the library; its name(s) and version(s). ImportError where it is missing.

`build(sources, precision, options, folder) -> (files, facts)`
    Make an engine in `folder`. `sources` maps a role ("onnx") to a path; `files` maps a role to the
    path made. Raises Unsupported where the precision asked is not one that it will really run in.

`load(files, options) -> engine`
    `files` are those that `build` made, by role. The engine has

    `engine.bind(feeds)`  take the inputs, name -> ndarray, and allocate the outputs: not timed;
                          again for other inputs, when those before are let go
    `engine.run()`        one synchronous inference -> the output ndarrays, always the same memory,
                          overwritten by the next run: nothing is copied for the caller's sake
    `engine.outputs`      the names of the outputs, in the order in which `run` gives them
    `engine.facts`        {"threads": int, "device": str, ...}: what it says of itself

    and, where only the call of a framework's function is to be timed (`latency_call`),

    `engine.call()`         call it, and return what it returns
    `engine.settle(found)`  wait until what it returned is there

    and, where it compiles what it meets,

    `engine.compiled()`     what it has compiled so far: {"clusters": int, "seconds": float}

A library that reads the process's environment when it is imported may have its backend offer
`prepare(options)`, which is called before `versions()` in a launch and in predicting.

A backend whose inputs and outputs are in a GPU's memory says `MEMORY = device` (that module of this
package) and differs in two places:

`load(files, options, gpu) -> engine`
    `gpu` is a `cuda.Gpu`: the engine must work on its stream (`gpu.handle`), in its context.

    `engine.ports(feeds)`    (inputs, outputs), lists of `cuda.Port`: what goes in and comes out
                             for these inputs; ValueError for a sample that does not fit
    `engine.attach(inputs)`  bind the addresses of the inputs' memory; return `enqueue`, which puts
                             one inference on the stream, does not wait for it, and returns the
                             addresses of its outputs, which hold until the next call. Attached
                             again, it gives a second binding, or raises Unsupported
    `engine.shares_first_call`  True where its first call chooses nothing by time, and so may be
                             made while others make theirs; may be left out
    `engine.facts`           as above

A backend that is a program which times itself says `MEMORY = program` (as above) and differs so:

`load(files, options, feeds, folder) -> engine`
    `feeds` are the inputs, name -> ndarray; `folder` is an empty one, for as long as the launch.

    `engine.measure(warmup_ms, min_ms, min_samples)`
        start the program; returns (samples, seconds, facts): samples are {field: [ms, one an
        iteration]} without the warm-up, seconds what they took in all, and facts
        {"outputs": [{"name", "shape", "dtype"}], "warmup_iterations", "program": its own}
    `engine.fields`          the field by which it is judged first
    `engine.tells_means`     True where a sample is the mean of many runs: no convergence is asked
                             of so few; may be left out
    `engine.facts`           as above

A backend whose library keeps inputs and outputs in memory of its own says `MEMORY = calls` (as
above) and differs so:

`load(files, options) -> engine`
    `engine.bind(feeds)`  take the first inputs: not timed
    `engine.send(feeds)`  copy inputs, or without an argument the last ones again, to the library
    `engine.call()`       one inference, as far as the library's call goes
    `engine.fetch()`      the output ndarrays of the last one, in numpy's memory
    `engine.fields`       the names of the times of both calls together, and of the first alone
    `engine.memory`       `calls.HOST`, or `calls.DEVICE`: then `send` is timed too
    `engine.outputs`, `engine.facts`  as above

`options` are the case's own; every backend reads what it knows: `threads` (default: as many as the
process may run on) for those on the CPU. Facts are JSON values.
"""

import os
import sys

import numpy as np

from retable_runner import plugins


def names():
    """Return the sorted names of the backends that have a file here."""
    return [name.replace("_", "-") for name in plugins.names(sys.modules[__name__])]


def load(name):
    """Return the module of the backend `name`; ImportError if it has no file here."""
    return plugins.load(sys.modules[__name__], name)


def prepare(backend, options):
    """Let a backend set what its library reads when it is imported."""
    getattr(backend, "prepare", bool)(options)


def cpus():
    """Return the sorted numbers of the CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def threads(options):
    """Return the number of threads that `options` asks for, or one for each CPU of the process."""
    return int(options.get("threads") or len(cpus()))


def matching(feeds, name, dtype, shape):
    """Return the array of `feeds` for the input `name`, contiguous in memory.

    `shape` has None where the graph leaves a size open. Raises ValueError if the array is missing
    or is not of that shape and type: a cast or a copy at each run would be timed with it.
    """
    if name not in feeds:
        raise ValueError(
            "the sample has no input {!r}: it has {}".format(name, ", ".join(sorted(feeds)))
        )
    array = feeds[name]
    fits = len(shape) == array.ndim and all(
        size is None or size == array.shape[axis] for axis, size in enumerate(shape)
    )
    if array.dtype != dtype or not fits:
        raise ValueError(
            "input {!r} takes {} {}, the sample has {} {}".format(
                name, np.dtype(dtype), list(shape), array.dtype, list(array.shape)
            )
        )
    return np.ascontiguousarray(array)
