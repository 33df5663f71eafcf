"""Paddle-Lite on a phone: engines are made here, ahead of time, and time themselves there.

`build` runs where the package `paddlelite` is (an older Python: a player's `build_environment`),
and turns Paddle's inference model into a `.nb` for ARM by Paddle-Lite's own optimiser. `load` runs
on the machine that holds the phone's cable, where adb is: what times is `benchmark_bin`, the
program of Paddle-Lite, on the phone. Its flags were read from lite/api/tools/benchmark/utils of
PaddlePaddle/Paddle-Lite.

Options: `threads` (1), `power_mode` (LITE_POWER_HIGH, which is the large cores), `warmup` and
`repeats`: as many runs as a published table had, instead of those that the budget wants; `phone`,
the serial of the phone, where there are several; `limit_s`, after which seconds a measurement that
has not ended is ended.
"""

import contextlib
import math
import os
import sys
import time

import numpy as np

from retable_runner import children, contract, paddlelite_log, phones, program
from retable_runner.errors import Unavailable, Unsupported

MEMORY = program
POWER_MODES = ("LITE_POWER_HIGH", "LITE_POWER_LOW", "LITE_POWER_FULL", "LITE_POWER_NO_BIND")
PRECISIONS = ("fp32", "fp16")
# In a process of its own: what it does not like, it aborts at.
CONVERT = """
import sys
from paddlelite import lite
model, params, made, precision = sys.argv[1:]
opt = lite.Opt()
opt.set_model_file(model)
opt.set_param_file(params)
opt.set_model_type("naive_buffer")
opt.set_optimize_out(made)
if precision == "fp16":
    opt.enable_fp16()
opt.set_valid_places("arm")
opt.run()
"""
ENDING = ".nb"  # which the optimiser appends to the name it is given
MOST_STARTS = 20  # of the program in one measurement


def versions():
    """Return {paddlelite} where engines are made, and where it is not installed, {adb}."""
    try:
        from paddlelite import lite
    except ImportError:
        return {"adb": phones.version()}
    return {"paddlelite": lite.Opt().version().lstrip("v")}


def build(sources, precision, options, folder):
    """Make engine.nb of `model` and `params`, with FP16 arithmetic wherever ARM has it for fp16.

    Two builds of the same model differ in some bytes: the optimiser writes what its memory held.
    """
    from paddlelite import lite  # noqa: F401 - ImportError here and not in the process beside

    if precision not in PRECISIONS:
        raise Unsupported("Paddle-Lite makes {}".format(", ".join(PRECISIONS)))
    if "model" not in sources:
        raise Unsupported("Paddle-Lite takes a model of Paddle's own, and not a graph")
    path = os.path.join(folder, "engine" + ENDING)
    with contract.replacing(path) as temporary:
        stem = temporary + ".made"
        arguments = [sources["model"], sources["params"], stem, precision]
        status, printed = children.run([sys.executable, "-c", CONVERT] + arguments)
        if status or not os.path.isfile(stem + ENDING):
            raise RuntimeError("Paddle-Lite: " + paddlelite_log.failure(printed))
        os.replace(stem + ENDING, temporary)
    return {"engine": path}, {"target": "arm"}


def load(files, options, feeds, folder):
    """Write the input as benchmark_bin reads it, in words; return an Engine."""
    if "program" not in files:
        raise Unavailable("no benchmark_bin: the device's file names none under its backend")
    if len(feeds) != 1:
        raise Unsupported("benchmark_bin is told inputs by their order alone: give it one")
    (array,) = feeds.values()
    if array.dtype != np.float32:
        raise Unsupported("benchmark_bin reads float32, the sample is {}".format(array.dtype))
    path = os.path.join(folder, "input.txt")
    np.savetxt(path, array.reshape(-1), fmt="%.9g")
    return Engine(files, path, array.shape, options)


def power_mode(options):
    """Return the number of the mode that `options` names; Unsupported for another."""
    name = options.get("power_mode", POWER_MODES[0])
    if name not in POWER_MODES:
        raise Unsupported("power_mode is one of {}: {!r}".format(", ".join(POWER_MODES), name))
    return POWER_MODES.index(name)


def settings(options, shape, warmup, repeats):
    """Return what benchmark_bin is told, and repeats when asked: {flag: value}."""
    return {
        "input_shape": ",".join(str(size) for size in shape),
        "threads": str(int(options.get("threads") or 1)),
        "power_mode": str(power_mode(options)),
        "warmup": str(warmup),
        "repeats": str(repeats),
    }


def _countdown(limit_s):
    """Return a function that tells the seconds left of `limit_s`, one at least; None without."""
    start = time.monotonic()
    return lambda: None if limit_s is None else max(1.0, limit_s - (time.monotonic() - start))


class Engine(object):
    """An engine and its program, which are brought to the phone for each measurement."""

    fields = ("latency_run",)  # the predictor's run call
    tells_means = True  # of all runs of a start: a median's interval cannot be had of them

    def __init__(self, files, data, shape, options):
        self._files = [("benchmark_bin", files["program"]), ("engine.nb", files["engine"])]
        self._files.append(("input.txt", data))
        self._shape = shape
        self._options = options
        self._run_ms = None  # one run, as the last measurement had it
        self.facts = {"threads": int(options.get("threads") or 1), "device": "phone"}
        settings(options, shape, 0, 1)  # what cannot be asked for is told before the phone is

    def measure(self, warmup_ms, min_ms, min_samples):
        """Start the program until `min_ms` have been measured; a sample is the mean of a start.

        The first time it is not known how long a run takes: `min_samples` runs without a warm-up
        are tried. Returns ({field: [ms]}, the seconds that the runs took, facts).
        """
        is_trial = self._run_ms is None
        warmup, repeats = (
            (0, min_samples) if is_trial else self._counts(warmup_ms, min_ms, min_samples)
        )
        told = settings(self._options, self._shape, warmup, repeats)
        summaries, measured_ms = [], 0.0
        left_s = _countdown(self._options.get("limit_s"))
        with self._ready() as phone:
            while not summaries or (measured_ms < min_ms and len(summaries) < MOST_STARTS):
                said = self._started(phone, told, left_s())
                summaries.append(said["times"])
                measured_ms += said["times"]["avg"] * repeats
        self._run_ms = max(said["times"]["avg"], 1e-3)  # it tells three decimals
        facts = {
            "outputs": [dict(output, dtype=None) for output in said["outputs"]],  # it does not say
            "warmup_iterations": warmup,
            "program": {
                "versions": {"paddlelite": (said["version"] or "not told").lstrip("v")},
                "options": told,
                "runs_a_sample": repeats,
                "most_samples": MOST_STARTS,
                "summary": summaries,
            },
        }
        return {self.fields[0]: [one["avg"] for one in summaries]}, measured_ms / 1e3, facts

    def _counts(self, warmup_ms, min_ms, min_samples):
        """How many runs before and while it counts: as published, or as long as wanted."""
        warmup = self._options.get("warmup", math.ceil(warmup_ms / self._run_ms))
        fitting = max(min_samples, math.ceil(min_ms / self._run_ms))
        return int(warmup), int(self._options.get("repeats", fitting))

    @contextlib.contextmanager
    def _ready(self):
        """The phone, with all that is needed in its folder."""
        with phones.Phone(self._options.get("phone"), in_session=True) as phone:
            for name, path in self._files:
                phone.push(path, name)
            status, printed = phone.run(["chmod", "755", "benchmark_bin"])
            if status:
                raise RuntimeError("the phone: " + phones.last_line(printed))
            yield phone

    def _started(self, phone, told, limit_s):
        """Run the program once; return what it told. RuntimeError if it did otherwise."""
        flags = ["--{}={}".format(name, told[name]) for name in sorted(told)]
        files = ["--optimized_model_file=engine.nb", "--input_data_path=input.txt"]
        command = ["./benchmark_bin", "--backend=arm"] + files + flags
        status, printed = phone.run(command, limit_s)
        if status < 0:
            reason = paddlelite_log.failure(printed)
            raise RuntimeError("signal {} ended benchmark_bin: {}".format(-status, reason))
        if status:
            raise RuntimeError("benchmark_bin: " + paddlelite_log.failure(printed))
        said = paddlelite_log.timing(printed)
        for name, value in sorted(told.items()):
            if said["settings"][name] != value:
                raise RuntimeError(
                    "benchmark_bin ran with {} {}, and was asked for {}".format(
                        name, said["settings"][name], value
                    )
                )
        return said
