"""How far is what each backend computes of a Paddle network from what Paddle computes eagerly?

Each network of config/models with `framework: paddle`, with weights from a seed, on one sample: its
graph in ONNX Runtime and OpenVINO, its program in Paddle Inference with and without oneDNN, all in
FP32 and with one thread. A cell is the largest difference in parts of the largest value, of the
output that differs most.

as converted   the graph as paddle2onnx leaves it; others have exact adaptive averages
labels         pixels of the program with labels at its end, with oneDNN, that have the eager label

Segmentation networks run at --size, where the bins of the pyramids do not divide the feature map.

    PYTHONPATH=workflow results/environments/venv/paddle/bin/python -m benchmarks.paddle_fidelity \
      [--size 256x512] [--models NAME ...] [--openvino results/environments/venv/cpu/bin/python]

Prints a line as soon as a network is done; a network of its own process.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SEED = 20211
OPSET = 13
ONE_THREAD = {"threads": 1}
FAILED = "failed"
COLUMNS = {
    "onnxruntime": "ONNX Runtime",
    "converted": "as converted",
    "openvino": "OpenVINO",
    "onednn": "Paddle, oneDNN",
    "plain": "Paddle",
    "labels": "labels",
}
Arrays = Mapping[str, np.ndarray]


def models(names: list[str]) -> list[str]:
    """Return the names of Paddle's models, or those of them that are named."""
    found = sorted(
        path.stem
        for path in (ROOT / "config" / "models").glob("*.yaml")
        if "framework: paddle" in path.read_text()
    )
    return [name for name in found if not names or name in names]


def measured(name: str, size: str, folder: Path) -> dict[str, Any]:
    """Make one network and run it everywhere but in OpenVINO; `folder` keeps the graph."""
    import yaml

    from retable_export import plugins
    from retable_export.contract import InputShape

    model = yaml.safe_load((ROOT / "config" / "models" / f"{name}.yaml").read_text())
    options = model["options"]
    height, width = options.get("input") or map(int, size.split("x"))
    shape = InputShape(1, height, width)
    exporter = plugins.load("exporters", model["exporter"])
    native, _ = exporter.native(options, "random", {}, SEED, folder)
    feeds = exporter.sample(options, shape, SEED)
    wanted = exporter.reference(options, native, shape, feeds)
    np.savez(folder / "feeds.npz", **feeds)
    np.savez(folder / "wanted.npz", **wanted)
    found: dict[str, Any] = {"size": str(shape)}
    graph = folder / "graph.onnx"
    exporter.export(options, native, shape, OPSET, graph)
    found["onnxruntime"] = apart(onnxruntime(graph, feeds, folder), wanted)
    found["converted"] = _as_converted(exporter, (options, native, shape), feeds, wanted, folder)
    program = _logits_program(exporter, options, native, folder)
    for column, onednn in (("onednn", True), ("plain", False)):
        found[column] = apart(paddle(program, feeds, folder, onednn), wanted)
    if "logits" in wanted:
        (labels,) = paddle(native, feeds, folder, True).values()
        found["labels"] = float(np.mean(labels == wanted["logits"].argmax(axis=1)))
    return found


def _as_converted(
    exporter: Any, what: tuple[Any, ...], feeds: Arrays, wanted: Arrays, folder: Path
) -> float:
    """How far the graph is without the exact averages."""
    from retable_export import pooling

    exact, pooling.make_exact = pooling.make_exact, lambda model, averages: []
    try:
        exporter.export(*what, OPSET, folder / "converted.onnx")
    finally:
        pooling.make_exact = exact
    return apart(onnxruntime(folder / "converted.onnx", feeds, folder), wanted)


def _logits_program(exporter: Any, options: Any, native: Any, folder: Path) -> Mapping[str, Path]:
    """The program that ends where the reference does: of a segmentation network, another one."""
    from retable_export import paddle_programs

    if not hasattr(exporter, "Segmentation"):
        return native
    network = exporter.loaded(options, native)
    return paddle_programs.trace(network, (None, None, None), ["logits"], folder / "logits")


def onnxruntime(graph: Path, feeds: Arrays, folder: Path) -> dict[str, np.ndarray]:
    """Return the outputs of a graph in ONNX Runtime."""
    return _run("onnxruntime", {"onnx": graph}, feeds, folder, ONE_THREAD)


def paddle(
    program: Mapping[str, Path], feeds: Arrays, folder: Path, onednn: bool
) -> dict[str, np.ndarray]:
    """Return the outputs of a program in Paddle Inference."""
    return _run("paddle", program, feeds, folder, {**ONE_THREAD, "onednn": onednn})


def _run(
    backend: str,
    sources: Mapping[str, Path],
    feeds: Arrays,
    folder: Path,
    options: Mapping[str, Any],
) -> dict[str, np.ndarray]:
    from retable_runner import backends, host

    module = backends.load(backend)
    given = {role: str(path) for role, path in sources.items()}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        files, _ = module.build(given, "fp32", options, scratch)
        memory = getattr(module, "MEMORY", host)
        with memory.opened(module, files, options, feeds) as inference:
            inference.run()
            outputs = [np.array(array) for array in inference.run()]
            return dict(zip(inference.outputs, outputs, strict=True))


def apart(found: Arrays, wanted: Arrays) -> float:
    """Return the largest difference of numbers in parts of the largest one, over the outputs."""
    return max(
        float(np.abs(found[name].astype(np.float64) - array).max() / np.abs(array).max())
        for name, array in wanted.items()
        if not np.issubdtype(array.dtype, np.integer)  # a peak's place: see its heatmap
    )


def in_openvino(folder: Path) -> float:
    """Run what `measured` has left in OpenVINO; said in the environment that has it."""
    with np.load(folder / "feeds.npz") as feeds, np.load(folder / "wanted.npz") as wanted:
        graph = {"onnx": folder / "graph.onnx"}
        return apart(_run("openvino", graph, dict(feeds), folder, ONE_THREAD), dict(wanted))


def row(name: str, size: str, openvino: str | None) -> dict[str, Any]:
    """Measure one network in processes of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = _asked(sys.executable, ["--one", name, "--size", size, "--folder", folder])
        if openvino and "failed" not in found:
            there = _asked(openvino, ["--one", name, "--in-openvino", "--folder", folder])
            if "failed" in there:
                print(f"{name} in OpenVINO: {there['failed']}", file=sys.stderr)
            found["openvino"] = there.get("openvino", FAILED)
    return found


def _asked(python: str, arguments: list[str]) -> dict[str, Any]:
    command = [python, "-m", "benchmarks.paddle_fidelity", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return {"failed": lines[-1]}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def line(name: str, found: Mapping[str, Any]) -> str:
    """Lay out one network's row."""
    if "size" not in found:
        return f"| {name} | {found['failed']} |" + " |" * len(COLUMNS)
    cells = [_cell(column, found.get(column)) for column in COLUMNS]
    return f"| {name} | {found['size']} | {' | '.join(cells)} |"


def _cell(column: str, value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{100 * value:.3f} %" if column == "labels" else f"{value:.1e}"


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="256x512", help="of segmentation networks")
    parser.add_argument("--models", nargs="*", default=[], help="some of them; all by default")
    parser.add_argument("--openvino", help="the Python of an environment with OpenVINO")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--in-openvino", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.in_openvino:
        print(json.dumps({"openvino": in_openvino(given.folder)}))
    elif given.one:
        print(json.dumps(measured(given.one, given.size, given.folder)))
    else:
        print(f"| Network | Input | {' | '.join(COLUMNS.values())} |")
        print("| :--- | :--- |" + " ---: |" * len(COLUMNS))
        for name in models(given.models):
            print(line(name, row(name, given.size, given.openvino)), flush=True)


if __name__ == "__main__":
    main()
