"""How long mIoU takes at Cityscapes' size, beside torchmetrics and scikit-learn; its memory.

Label maps of 1024x2048 with 19 classes in patches, and predictions that differ in a tenth of the
pixels. Medians of some pictures, in random order, one thread; what each library is given is in its
own memory already. torchmetrics is asked for its confusion matrix (`update`), from which its mIoU
follows, on int64 labels, as it documents them, and on int32.

    .venv/bin/uv run --no-project --python 3.11 --with numpy==2.4.6 --with pillow==13.0.0 \
      --with scikit-learn==1.9.1 --with torch==2.13.0 --with torchmetrics==1.9.0 \
      env PYTHONPATH=workflow python -m benchmarks.miou

Then the metric itself, from PNG files and stored predictions, in a process of its own: how much
the peak of memory grows from the first pictures to 500.

Exit status 1 if torchmetrics is as fast, a matrix differs, or memory grows by a tenth of what a
picture takes.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.memory import peak_mib
from benchmarks.tables import markdown
from retable_data import arrays, confusion
from retable_data.metrics import segmentation

SEED = 20211
HEIGHT, WIDTH, CLASSES = 1024, 2048, 19
PICTURES = 7  # that are timed
FIRST, ALL = 20, 500  # pictures between which memory is looked at
GROWTH_LIMIT_MIB = 0.1 * HEIGHT * WIDTH * 2 / 2**20

Matrix = Callable[[np.ndarray, np.ndarray], np.ndarray]


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels and predictions, uint8 [1024, 2048]; a twentieth is ignored (255)."""
    drawing = np.random.RandomState(seed)
    patches = drawing.randint(0, CLASSES, (HEIGHT // 32, WIDTH // 32)).astype(np.uint8)
    truth = np.kron(patches, np.ones((32, 32), np.uint8))
    other = drawing.randint(0, CLASSES, truth.shape).astype(np.uint8)
    found = np.where(drawing.random_sample(truth.shape) < 0.1, other, truth)
    truth[: HEIGHT // 20] = 255
    return truth, found


def matrices() -> dict[str, Matrix]:
    """Return the ways to count: name -> function of labels and predictions to [19, 19]."""
    import torch
    from sklearn.metrics import confusion_matrix
    from torchmetrics.classification import MulticlassConfusionMatrix

    torch.set_num_threads(1)

    def of_torchmetrics(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
        metric = MulticlassConfusionMatrix(CLASSES, ignore_index=255, validate_args=False)
        metric.update(torch.from_numpy(found), torch.from_numpy(truth))
        return metric.compute().numpy()

    def of_scikit_learn(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
        return confusion_matrix(truth.ravel(), found.ravel(), labels=range(CLASSES))

    def ours(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
        return confusion.matrix(truth, found)[:CLASSES, :CLASSES]

    return {
        "retable, uint8": ours,
        "torchmetrics, int32": of_torchmetrics,
        "torchmetrics, int64": of_torchmetrics,
        "scikit-learn, uint8": of_scikit_learn,
    }


def timed() -> tuple[dict[str, list[float]], bool]:
    """Time each way on each picture; say too whether all gave the same matrices."""
    ways = matrices()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    order, same = random.Random(SEED), True
    for picture in range(1 + PICTURES):
        truth, found = drawn(SEED + picture)
        made = {}
        for name in order.sample(list(ways), len(ways)):
            dtype = name.partition(", ")[2]
            given = truth.astype(dtype), found.astype(dtype)
            begun = time.perf_counter()
            made[name] = ways[name](*given)
            taken = time.perf_counter() - begun
            if picture:  # the first has the libraries to warm up
                seconds[name].append(taken)
        same = same and all(np.array_equal(one, made["retable, uint8"]) for one in made.values())
    return seconds, same


def peaks_mib(pictures: int) -> tuple[float, float]:
    """Score pictures in a process; return its peak of memory after the first, and after all."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "job.json").write_text(json.dumps(_written(Path(folder), pictures)))
        command = [sys.executable, "-m", "benchmarks.miou", "--score", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    few, many = map(float, done.stdout.split())
    return few, many


def scored(folder: Path) -> None:
    """Score what was written in `folder`, and print the two peaks, in MiB."""
    index, placements = json.loads((folder / "job.json").read_text())
    predictions = {"labels": arrays.Stored(folder / "found.npy")}
    for count in (FIRST, len(placements)):
        segmentation.score(index, placements[:count], predictions, {})
        print(peak_mib())


def _written(folder: Path, pictures: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write label files and predictions; a few of them, again and again."""
    kept = [drawn(SEED + number) for number in range(4)]
    for number, (truth, _) in enumerate(kept):
        Image.fromarray(truth).save(folder / f"{number}.png")
    with arrays.growing(folder / "found.npy", (HEIGHT, WIDTH), "uint8") as stored:
        for place in range(pictures):
            stored.append(kept[place % len(kept)][1])
    items = [
        {"id": one, "labels": str(folder / f"{one % len(kept)}.png")} for one in range(pictures)
    ]
    index = {"set": "drawn", "classes": [str(one) for one in range(CLASSES)], "ignore": 255}
    placements = [{"item": one, "picture": [HEIGHT, WIDTH]} for one in range(pictures)]
    return {**index, "items": items}, placements


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.miou")
    parser.add_argument("--pictures", type=int, default=ALL, help="whose memory is looked at")
    parser.add_argument("--score", type=Path, metavar="FOLDER", help="of label files, and no more")
    given = parser.parse_args(arguments)
    if given.score:
        scored(given.score)
        return 0
    few, many = peaks_mib(given.pictures)
    seconds, same = timed()
    ours = median(seconds["retable, uint8"])
    rows = [
        (name, f"{median(taken) * 1e3:.1f}", f"{median(taken) / ours:.2f}")
        for name, taken in seconds.items()
    ]
    print(f"{HEIGHT}x{WIDTH}, {CLASSES} classes; medians of {PICTURES}, one thread, seed {SEED}\n")
    print(markdown(("Confusion matrix", "Time (ms)", "/ retable"), rows))
    print(f"\nThe matrices are {'the same' if same else 'not the same'}.")
    print(
        f"Peak memory of the metric: {few:.1f} MiB after {FIRST} pictures, {many:.1f} MiB after "
        f"{given.pictures} (may grow by {GROWTH_LIMIT_MIB:.1f} MiB)."
    )
    slower = min(median(seconds[name]) for name in seconds if name.startswith("torchmetrics"))
    return int(slower <= ours or not same or many - few > GROWTH_LIMIT_MIB)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
