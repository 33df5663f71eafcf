"""ONNX graphs for the other benchmarks: chains of convolutions, and one with a large output.

An environment in which engines are timed may have no `onnx` to write a graph with: there, `written`
has the interpreter of another one run this module.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

# (channels, height = width, layers): from 0.2 to 50 ms on the two cores of a small machine
CHAINS = ((16, 32, 4), (16, 48, 8), (32, 56, 5), (32, 64, 8), (32, 96, 12), (32, 192, 8))
WIDE = (1, 19, 768, 720)  # float32: 42 MB
OPSET, IR_VERSION = 13, 8
SEED = 20211
WRITER = Path("results/environments/venv/torch/bin/python")  # retable's environment with onnx


def written(folder: Path) -> dict[str, Path]:
    """Write all graphs, or have WRITER do it; return them by name, the smallest first."""
    if importlib.util.find_spec("onnx"):
        write_all(folder)
    else:
        command = [WRITER, "-m", "benchmarks.graphs", folder]
        subprocess.run(command, check=True)
    names = [*map(chain_name, CHAINS), "wide"]
    return {name: folder / f"{name}.onnx" for name in names}


def chain_name(chain: tuple[int, int, int]) -> str:
    """Name a chain: `16x48x48, 8 layers` is `conv16x48x8`."""
    return "conv{}x{}x{}".format(*chain)


def write_all(folder: Path) -> None:
    """Write every graph to the folder. Needs `onnx`."""
    for chain in CHAINS:
        _write_chain(folder / f"{chain_name(chain)}.onnx", *chain)
    _write_wide(folder / "wide.onnx")


def _write_chain(path: Path, channels: int, size: int, layers: int) -> None:
    """Convolutions of 3x3, each with a ReLU: the values keep their scale (He et al., 2015)."""
    from onnx import helper, numpy_helper

    chance = np.random.RandomState(SEED)
    nodes, weights = [], []
    for layer in range(layers):
        values = chance.standard_normal((channels, channels, 3, 3)) * np.sqrt(2 / (9 * channels))
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{layer}"))
        ends = [f"x{layer}", f"w{layer}"], [f"c{layer}"]
        nodes.append(helper.make_node("Conv", *ends, pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"x{layer + 1}"]))
    _save(path, nodes, weights, (1, channels, size, size), ("x0", f"x{layers}"))


def _write_wide(path: Path) -> None:
    """x + 1: hardly more than a copy of its input."""
    from onnx import helper, numpy_helper

    one = numpy_helper.from_array(np.float32(1), "one")
    _save(path, [helper.make_node("Add", ["x", "one"], ["y"])], [one], WIDE, ("x", "y"))


def _save(path, nodes, weights, shape, ends) -> None:
    """Save a graph whose input and output have the same shape."""
    import onnx
    from onnx import helper

    x, y = (helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, shape) for end in ends)
    graph = helper.make_graph(nodes, path.stem, [x], [y], weights)
    opsets = [helper.make_opsetid("", OPSET)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION), path)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
