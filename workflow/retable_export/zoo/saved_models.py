"""SavedModels: written so that the same network gives the same bytes, read, and described."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping

GRAPH = "saved_model.pb"
VARIABLES = ("variables/variables.index", "variables/variables.data-00000-of-00001")
FILES = (GRAPH, *VARIABLES)
SIGNATURE = "serving_default"


def save(function: Any, folder: Path) -> dict[str, Path]:
    """Write a concrete function, with the variables that it reads, as a SavedModel in `folder`.

    On a plain module: Keras would trace every layer once more. Returns the files by their names
    within a SavedModel. TensorFlow's `fingerprint.pb`, which holds a number made by chance, is not
    kept: nothing needs it.
    """
    module = tf.Module()
    module.read = variables_of(function)
    module.captured = [one for one in function.captured_inputs if one.dtype != tf.resource]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".saving.", dir=folder) as scratch:
        tf.saved_model.save(module, scratch, signatures=function)
        _order(Path(scratch, GRAPH))
        return placed({name: Path(scratch, name) for name in FILES}, folder)


def variables_of(function: Any) -> list[tf.Variable]:
    """The variables that a concrete function reads, in the order in which it met them.

    `function.graph.variables` has another order in every process.
    """
    met = {id(one): place for place, one in enumerate(function.captured_inputs)}
    return sorted(function.graph.variables, key=lambda variable: met[id(variable.handle)])


def _order(path: Path) -> None:
    """Write the maps of a graph's file in the order of their keys, as TensorFlow does not."""
    graph = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    path.write_bytes(graph.SerializeToString(deterministic=True))


def placed(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Link or copy files into `folder` under their names; JobError unless they are a SavedModel."""
    for name in FILES:
        if name not in files or not files[name].is_file():
            raise JobError(f"no SavedModel: {name} is missing among {', '.join(sorted(files))}")
    kept = {}
    for name, path in files.items():
        kept[name] = folder / name
        kept[name].parent.mkdir(parents=True, exist_ok=True)
        kept[name].unlink(missing_ok=True)
        try:
            kept[name].hardlink_to(path)
        except OSError:  # another file system
            shutil.copyfile(path, kept[name])
    return kept


def loaded(files: Mapping[str, Path]) -> Any:
    """Load a SavedModel's function of one image; JobError, in one sentence, if it is none.

    Called with an image uint8 [1, H, W, 3], it returns tensors by name.
    """
    folder = files[GRAPH].parent
    try:
        module = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises whatever it meets in the file
        raise JobError(f"{folder}: TensorFlow cannot load it ({type(error).__name__})") from error
    function = module.signatures.get(SIGNATURE)
    if function is None:
        raise JobError(f"{folder}: a SavedModel without the signature {SIGNATURE!r}")
    function.module = module  # which owns the variables
    return function


def parameters(function: Any) -> int:
    """Count the numbers in the variables that a function reads."""
    return sum(int(tf.size(one)) for one in function.graph.variables)
