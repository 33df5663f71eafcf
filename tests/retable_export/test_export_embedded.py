"""The weights in data/embedded: small, loaded as any others, and as good as their log says."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from retable.contract import Artifact

ROOT = Path(__file__).parents[2]
EMBEDDED = ROOT / "data" / "embedded"
WEIGHTS, LOG = EMBEDDED / "fast-scnn-streets.pt", EMBEDDED / "fast-scnn-streets.log"
PICTURES = 12  # of 64
SCORE = """
import sys, numpy as np, torch
from retable_data import confusion, streets
from retable_data.cityscapes_labels import train_ids
from retable_export.networks.fast_scnn import FastSCNN
network = FastSCNN(19).eval()
network.load_state_dict(torch.load(sys.argv[1], weights_only=True))
mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
counts = np.zeros((256, 256), np.int64)
for number in range(int(sys.argv[2])):
    picture, labels = streets.draw(20211, "val", number)
    image = ((np.float32(picture) / 255 - mean) / std).transpose(2, 0, 1)[None]
    with torch.inference_mode():
        found = network(torch.from_numpy(image.copy())).argmax(dim=1)[0].numpy()
    counts += confusion.matrix(train_ids(labels), found.astype(np.uint8))
print(np.nanmean(confusion.ious(counts[:19])))
"""


def logged() -> list[dict]:
    return [json.loads(line) for line in LOG.read_text().splitlines()]


def test_the_log_says_what_ran_and_how_good_the_shipped_weights_are():
    first, *_, shipped = logged()
    assert first["event"] == "start"
    assert len(first["commit"]) == 40
    assert first["command"].startswith("python -m training.fast_scnn_streets")
    assert shipped["weights"] == "float16, cast to float32"
    assert shipped["bytes"] == WEIGHTS.stat().st_size < 3_000_000
    assert shipped["miou"] > 0.75
    assert len(shipped["pixels_of_class"]) == 19 and min(shipped["pixels_of_class"].values()) > 0


@pytest.mark.real
def test_the_shipped_weights_score_as_logged(chain_in, torch_python: str, tmp_path: Path):
    chain = chain_in(tmp_path, "fast_scnn", torch_python)
    content = WEIGHTS.read_bytes()
    weights = Artifact(
        path=str(WEIGHTS), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
    )
    made = chain.native("official", {WEIGHTS.name: weights})
    assert made.outcome == "ok", chain.log
    state = made.artifacts["state_dict"].path
    done = subprocess.run(
        [torch_python, "-c", SCORE, state, str(PICTURES)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # A part of the pictures has not the score of all, but it is no other network's.
    assert float(done.stdout) == pytest.approx(logged()[-1]["miou"], abs=0.06)
