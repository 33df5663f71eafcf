"""What INT8 costs in accuracy, by how its scales are chosen: Fast-SCNN on streets.

    PYTHONPATH=workflow:. results/environments/venv/torch/bin/python -m benchmarks.int8_accuracy

Draws the validation and the calibration pictures of streets, exports the Fast-SCNN of
data/embedded, and prints for FP32 and for each way to choose scales the mIoU, how many pixels have
the class of FP32, and how long calibration took. What runs is the graph with unsigned activations,
as the backend onnxruntime builds it (`retable_runner.qdq`), and beside it the graph as it is.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from retable_data import confusion, streets
from retable_data.cityscapes_labels import CLASSES, train_ids
from retable_export import graphs
from retable_export.contract import InputShape
from retable_export.exporters import fast_scnn
from retable_export.precisions import int8
from retable_runner import qdq

SEED = 20211
WEIGHTS = Path("data/embedded/fast-scnn-streets.pt")
OPTIONS = {"classes": len(CLASSES)}
SHARES = (1.0, 0.99999, 0.9999, 0.9995, 0.999, 0.99)


def main() -> None:
    """Read the arguments; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=32, help="of the split val")
    parser.add_argument("--calibration", type=int, default=16, help="pictures to calibrate on")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    given = parser.parse_args()
    held = [streets.draw(SEED, "val", number) for number in range(given.pictures)]
    batches = [
        fast_scnn.prepare(OPTIONS, streets.draw(SEED, "calibration", number)[0][None])
        for number in range(given.calibration)
    ]
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), held, batches, given.shares)


def measure(folder, held, batches, shares):
    """Export, and print a line for FP32 and for each share of values that a scale holds."""
    plain = folder / "fp32.onnx"
    files, _ = fast_scnn.native(OPTIONS, "official", {"weights": WEIGHTS}, SEED, folder)
    shape = InputShape(1, streets.HEIGHT, streets.WIDTH)
    fast_scnn.export(OPTIONS, files, shape, 13, plain)
    model = graphs.fix_resize_sizes(graphs.load(plain))
    graphs.save(model, plain)
    wanted = labels_of(plain, held)
    print("| scales hold | mIoU, engine | pixels as FP32 | mIoU, graph | calibration (s) |")
    print("|---|---:|---:|---:|---:|")
    print(f"| FP32 | {miou(wanted, held):.4f} | | | |", flush=True)
    for share in shares:
        int8.SHARE = share
        start = time.perf_counter()
        made, _ = int8.apply(model, batches)
        took = time.perf_counter() - start
        graphs.save(made, folder / "int8.onnx")
        qdq.make_unsigned(str(folder / "int8.onnx"), str(folder / "engine.onnx"))
        engine, graph = (labels_of(folder / f"{name}.onnx", held) for name in ("engine", "int8"))
        same = np.mean([np.mean(one == other) for one, other in zip(engine, wanted, strict=True)])
        print(
            f"| {100 * share:g} % | {miou(engine, held):.4f} | {100 * same:.2f} % "
            f"| {miou(graph, held):.4f} | {took:.1f} |",
            flush=True,
        )


def labels_of(path, held):
    """Return the labels [H, W] that a graph gives to each picture."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for picture, _ in held:
        (logits,) = session.run(None, fast_scnn.prepare(OPTIONS, picture[None]))
        found.append(logits[0].argmax(axis=0).astype(np.uint8))
    return found


def miou(found, held):
    """Return the mean over the classes of intersection over union."""
    counts = sum(
        confusion.matrix(train_ids(ids), labels)
        for labels, (_, ids) in zip(found, held, strict=True)
    )
    return float(np.nanmean(confusion.ious(counts[: len(CLASSES)])))


if __name__ == "__main__":
    main()
