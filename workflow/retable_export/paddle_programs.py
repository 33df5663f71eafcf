"""A Paddle network as a program: for Paddle Inference, and through paddle2onnx for the others."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retable_export import folding, graphs, paddle_weights, pooling, samples
from retable_export.contract import replacing
from retable_export.errors import JobError

import paddle  # isort: skip # behind paddle_weights, which says why
import paddle2onnx  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx
    from paddle import nn

    from retable_export.contract import InputShape

Sizes = "tuple[int | None, int | None, int | None]"  # images at once, height, width; None: any
_IMAGE = "image"
_ORIGIN = "op_callstack"
_STEM = "program"  # Paddle derives the names of both files from it


def weighted(
    network: nn.Layer,
    weights: str,
    fetched: Mapping[str, Path],
    seed: int,
    calibration: InputShape,
    folder: Path,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Give a network its weights, official ones to `network.network`, or those of a seed.

    Smooth images of the shape `calibration` set its batch normalisations and show its outputs.
    Returns the file `state`, arrays by name, and facts: `parameters`, `weights`, `output_std` of
    the first output, and `unused`, what official weights hold besides.
    """
    facts: dict[str, Any] = {"weights": weights, "parameters": paddle_weights.count(network)}
    if weights == "official":
        if len(fetched) != 1:
            raise JobError(f"a Paddle network takes one fetched file, the job has {len(fetched)}")
        (file,) = fetched.values()
        facts["unused"] = paddle_weights.load_official(network.network, file)
    else:
        paddle_weights.initialise(network, seed, samples.smooth_images(calibration, seed))
    files = {"state": folder / "state.npz"}
    paddle_weights.save(network, files["state"])
    facts["output_std"] = _deviation(network, samples.smooth_images(calibration, seed + 1))
    return files, facts


def trace(network: nn.Layer, sizes: Sizes, outputs: Sequence[str], folder: Path) -> dict[str, Path]:
    """Write a network's inference model; return its files by role.

    `model` is the program, `params` its constants, and `interface` a JSON file with what Paddle
    does not tell of them: the inputs' types and sizes (null: any), and the outputs' names in their
    order. The files do not depend on the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        _save(network, sizes, Path(scratch))
        files = {}
        for role, ending in (("model", "pdmodel"), ("params", "pdiparams")):
            files[role] = folder / f"{_STEM}.{ending}"
            with replacing(files[role]) as temporary:
                shutil.copyfile(Path(scratch, f"{_STEM}.{ending}"), temporary)
    files["interface"] = folder / "interface.json"
    batch, height, width = sizes
    image = {"dtype": "float32", "shape": [batch, 3, height, width]}
    interface = {"inputs": {_IMAGE: image}, "outputs": list(outputs)}
    with replacing(files["interface"]) as temporary:
        temporary.write_text(json.dumps(interface) + "\n", encoding="utf-8")
    return files


def export(
    network: nn.Layer, shape: InputShape, outputs: Sequence[str], opset: int, path: Path
) -> None:
    """Write a network as ONNX for one input size; its averages over adaptive windows are exact."""
    with tempfile.TemporaryDirectory() as scratch:
        program = _save(network, tuple(shape), Path(scratch))
        converted = Path(scratch, "converted.onnx")
        paddle2onnx.export(
            str(Path(scratch, f"{_STEM}.pdmodel")),
            str(Path(scratch, f"{_STEM}.pdiparams")),
            str(converted),
            opset_version=opset,
            enable_onnx_checker=True,
            verbose=False,
        )
        model = graphs.load(converted)
    model = named(folding.fold(model), outputs)
    pooling.make_exact(model, averages(program))
    graphs.save(model, path)


def _save(network: nn.Layer, sizes: Sizes, folder: Path) -> paddle.static.Program:
    """Save the inference model in `folder`; return its program."""
    batch, height, width = sizes
    network.eval()
    with paddle.utils.unique_name.guard():  # names do not depend on what was built before
        spec = paddle.static.InputSpec([batch, 3, height, width], "float32", _IMAGE)
        static = paddle.jit.to_static(network, input_spec=[spec], full_graph=True)
        paddle.jit.save(static, str(folder / _STEM))
        _forget_origins(folder / f"{_STEM}.pdmodel")
        return static.forward.concrete_program.main_program


def _forget_origins(path: Path) -> None:
    """Leave out of a program from which lines, of which files, its operators come."""
    program = paddle.base.core.ProgramDesc(path.read_bytes())
    for block in map(program.block, range(program.num_blocks())):
        for operator in map(block.op, range(block.op_size())):
            if operator.has_attr(_ORIGIN):
                operator.remove_attr(_ORIGIN)
    path.write_bytes(program.serialize_to_string())


def averages(program: paddle.static.Program) -> dict[str, tuple[int, int]]:
    """Return the outputs of a program's adaptive averages, each with its rows and columns."""
    found = {}
    block = program.global_block()
    for operator in block.ops:
        if operator.type != "pool2d" or not operator.attr("adaptive"):
            continue
        if operator.attr("pooling_type") == "avg":
            (name,) = operator.output("Out")
            rows, columns = block.var(name).shape[2:]
            found[name] = (rows, columns)
    return found


def named(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """Give the outputs of a graph these names, in their order, in place; return the model."""
    for value, name in zip(model.graph.output, outputs):  # noqa: B905 - Python 3.8
        old, value.name = value.name, name
        for node in model.graph.node:
            node.input[:] = [name if one == old else one for one in node.input]
            node.output[:] = [name if one == old else one for one in node.output]
    return model


def computed(network: nn.Layer, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return what the network itself computes, eagerly, in FP32."""
    network.eval()
    with paddle.no_grad():
        return [output.numpy() for output in network(paddle.to_tensor(feeds[_IMAGE]))]


def _deviation(network: nn.Layer, images: np.ndarray) -> float:
    """Return the deviation of a network's first output."""
    return float(computed(network, {_IMAGE: images})[0].std())
