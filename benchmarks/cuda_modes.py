"""What do CUDA graphs and torch.compile save on Fast-SCNN, and does the host clock stay close?

On a CUDA device, FP32, batch 1, random weights: ONNX Runtime eager, also with cuDNN's heuristic A
(`heuristic`) in place of B, and as a CUDA graph; torch eager, as a CUDA graph, compiled, and both.
All engines are open in one process, each as a launch of retable opens it, and alternate in blocks:
in every round each of them, in random order, makes inferences to warm up and then those that count.
(Interleaved launches are what the report has.)

    PYTHONPATH=workflow python -m benchmarks.cuda_modes [HEIGHTxWIDTH ...]

Values are medians over rounds of the medians of blocks; ratios are of blocks of the same round.
Exit status 1 if latency_sync exceeds latency_sum by more than 50 us in some mode.
"""

import contextlib
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.tables import markdown
from retable_export.contract import InputShape
from retable_export.exporters import fast_scnn
from retable_runner import backends, cuda, device, measure

INPUTS = ("384x576",)
NETWORK = {"classes": 19}
OPSET = 13
ROUNDS = 10
WARM_UP = 20  # inferences of a block that do not count
COUNTED = 100
SEED = 20211
LIMIT_US = 50.0
FIELDS = ("latency_sum", "latency_sync", "sync - sum")


@dataclass(frozen=True, eq=False)
class Mode:
    """A way to run the network: a library, and the backend's options."""

    library: str
    name: str
    backend: str
    options: Mapping[str, object]


MODES = (
    Mode("ONNX Runtime", "eager", "onnxruntime-cuda", {}),
    Mode("ONNX Runtime", "CUDA graph", "onnxruntime-cuda", {"cuda_graph": True}),
    Mode("ONNX Runtime", "heuristic", "onnxruntime-cuda", {"conv_search": "heuristic"}),
    Mode("torch", "eager", "torch", {"mode": "eager"}),
    Mode("torch", "CUDA graph", "torch", {"mode": "cuda_graph"}),
    Mode("torch", "compile", "torch", {"mode": "compile"}),
    Mode("torch", "compile, CUDA graph", "torch", {"mode": "compile_cuda_graph"}),
)

Blocks = Mapping[tuple[Mode, str], list[float]]  # a field's median in every round, seconds


@contextlib.contextmanager
def opened(gpu: cuda.Gpu, shape: InputShape) -> Iterator[dict[Mode, device.Inference]]:
    """Make the network's files, and build and open an engine for every mode."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        native, _ = fast_scnn.native(NETWORK, "random", {}, SEED, folder)
        graph = folder / "fp32.onnx"
        fast_scnn.export(NETWORK, native, shape, OPSET, graph)
        sources = {role: str(path) for role, path in {**native, "onnx": graph}.items()}
        feeds = fast_scnn.sample(NETWORK, shape, SEED)
        inferences = {}
        for mode in MODES:
            backend = backends.load(mode.backend)
            made = Path(tempfile.mkdtemp(dir=scratch))
            files, _ = backend.build(sources, "fp32", mode.options, str(made))
            inferences[mode] = device.Inference(gpu, backend.load(files, mode.options, gpu), feeds)
        try:
            yield inferences
        finally:
            for inference in inferences.values():
                inference.close()


def blocks(inferences: Mapping[Mode, device.Inference]) -> Blocks:
    """Alternate the engines in rounds; return the median of each block, by mode and field."""
    samplers = {mode: inference.sampler(None) for mode, inference in inferences.items()}
    order, medians = random.Random(SEED), defaultdict(list)
    with measure.no_garbage_collection():
        for _ in range(ROUNDS):
            for mode in order.sample(MODES, len(MODES)):
                for field, seconds in block(samplers[mode]).items():
                    medians[mode, field].append(median(seconds))
    return medians


def block(sampler) -> dict[str, list[float]]:
    """Make one block of inferences; return the seconds of those that count, by field."""
    rows = [sampler.sample() for _ in range(WARM_UP + COUNTED)][WARM_UP:]
    times = dict(zip(sampler.fields, zip(*rows, strict=True), strict=True))
    beyond = np.subtract(times["latency_sync"], times["latency_sum"])
    return {field: list({**times, "sync - sum": beyond}[field]) for field in FIELDS}


def against_eager(medians: Blocks, mode: Mode, field: str) -> float:
    """Return the mode's field over that of its library's eager mode: the median over rounds."""
    eager = next(other for other in MODES if (other.library, other.name) == (mode.library, "eager"))
    pairs = zip(medians[mode, field], medians[eager, field], strict=True)
    return median(mine / its for mine, its in pairs)


def apart(output: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest difference of two outputs, as a part of the largest value wanted."""
    return float(np.abs(output - wanted).max() / np.abs(wanted).max())


def modes_table(inferences: Mapping[Mode, device.Inference], medians: Blocks) -> str:
    """Lay out the modes: milliseconds, what the host clock adds, ratios, difference of outputs."""
    wanted = inferences[MODES[0]].run()[0].copy()
    rows = []
    for mode in MODES:
        total, sync, beyond = (median(medians[mode, field]) for field in FIELDS)
        rows.append(
            (
                f"{mode.library}, {mode.name}",
                f"{total * 1e3:.4f}",
                f"{sync * 1e3:.4f}",
                f"{beyond * 1e6:.1f}",
                f"{against_eager(medians, mode, 'latency_sum'):.3f}",
                f"{against_eager(medians, mode, 'latency_sync'):.3f}",
                f"{apart(inferences[mode].run()[0], wanted):.1e}",
            )
        )
    header = ("Engine", "latency_sum (ms)", "latency_sync (ms)", "sync - sum (us)")
    ratios = ("sum / eager", "sync / eager", "Outputs apart")
    return markdown(header + ratios, rows)


def compile_seconds(inferences: Mapping[Mode, device.Inference]) -> str:
    """Say how long each mode that compiles took to do so, before anything was timed.

    The second finds what the first left in torch's cache on the disk.
    """
    return "; ".join(
        f"{inference.facts['compile_ms'] / 1e3:.1f} s ({mode.name})"
        for mode, inference in inferences.items()
        if "compile_ms" in inference.facts
    )


def main(inputs: list[str]) -> int:
    """Measure at each input size and print its table; return the exit status."""
    worst_us = 0.0
    with cuda.Gpu() as gpu:
        for size in inputs or INPUTS:
            height, width = map(int, size.split("x"))
            with opened(gpu, InputShape(1, height, width)) as inferences:
                medians = blocks(inferences)
                print(
                    f"\nFast-SCNN {size} on {gpu.facts['name']}, FP32, random weights; "
                    f"{ROUNDS} rounds of {COUNTED} inferences, seed {SEED}\n",
                    modes_table(inferences, medians),
                    f"\ntorch.compile took {compile_seconds(inferences)}.",
                    sep="\n",
                )
            gaps = [median(medians[mode, "sync - sum"]) for mode in MODES]
            worst_us = max(worst_us, *(gap * 1e6 for gap in gaps))
    print(f"\nlatency_sync - latency_sum: {worst_us:.1f} us at most (limit {LIMIT_US:g} us).")
    return int(worst_us > LIMIT_US)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
