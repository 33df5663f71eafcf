"""The backend that runs nothing: it answers zeros after a fixed wait, so that the DAG can be tried.

Options: `latency_ms` (1 by default), and `fail`, for the workflow's tests of outcomes, which need a
process that really fails: `build` and `unsupported` raise while building; `crash` (SIGABRT),
`hang`, `memory` (allocates until it is refused, or to 2 GiB) and `exit` (no result is left) do
what they say at the first inference.
"""

import json
import os
import time

import numpy as np

from retable_runner import contract
from retable_runner.errors import Unsupported

OUTPUT_SHAPE = (1, 19, 4, 4)  # batch, Cityscapes classes, height, width: something to argmax over
MEMORY_BLOCK_BYTES = 16 << 20
MEMORY_LIMIT_BYTES = 2 << 30  # where nothing refuses, stop before it hurts the machine
EXIT_STATUS = 3


def versions():
    """Return no versions: there is no library."""
    return {}


def build(sources, precision, options, folder):
    """Write engine.json, which names the ONNX file by its sha256. Any precision will do."""
    if options.get("fail") == "build":
        raise RuntimeError("the null backend was asked to fail while building")
    if options.get("fail") == "unsupported":
        raise Unsupported("the null backend was asked not to support this")
    path = os.path.join(folder, "engine.json")
    contract.write_json(
        path, {"onnx_sha256": contract.sha256_of(sources["onnx"]), "precision": precision}
    )
    return {"engine": path}, {}


def load(files, options):
    """Read engine.json (ValueError if it is not JSON) and return an engine that waits."""
    with open(files["engine"], encoding="utf-8") as stream:
        json.load(stream)
    return Engine(options)


class Engine(object):
    """Gives zeros of OUTPUT_SHAPE, float32, after `latency_ms`, or fails as asked."""

    outputs = ["output"]

    def __init__(self, options):
        self.facts = {"threads": 1, "device": "none"}
        self._latency_s = float(options.get("latency_ms", 1.0)) / 1e3
        self._failure = FAILURES.get(options.get("fail"))
        self._zeros = [np.zeros(OUTPUT_SHAPE, np.float32)]

    def bind(self, feeds):
        """Take any inputs: none is read."""

    def run(self):
        """Wait and return the zeros, or fail as asked."""
        if self._failure:
            self._failure()
        time.sleep(self._latency_s)
        return self._zeros


def _hang():
    while True:
        time.sleep(1)


def _exhaust_memory():
    blocks = []
    while len(blocks) * MEMORY_BLOCK_BYTES < MEMORY_LIMIT_BYTES:
        blocks.append(np.ones(MEMORY_BLOCK_BYTES, np.uint8))  # written, so that it is really there
    raise MemoryError("{} bytes allocated and nothing refused".format(MEMORY_LIMIT_BYTES))


FAILURES = {
    "crash": os.abort,
    "hang": _hang,
    "memory": _exhaust_memory,
    "exit": lambda: os._exit(EXIT_STATUS),
}
