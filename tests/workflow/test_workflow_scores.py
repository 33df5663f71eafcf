"""From pictures to a score in a table, by Snakemake, on the null backend: it says class 0."""

import numpy as np
import pytest

LOADER = '''
"""A set of two colours: white on the left half is class 1, black on the right class 0."""

import numpy as np
from PIL import Image


def make(options, fetched, split, images, folder):
    items = []
    for number in range(min(options["count"], images or options["count"])):
        labels = np.zeros((48, 96), np.uint8)
        labels[:, :32] = 1
        names = {"picture": f"{number}.png", "labels": f"{number}-labels.png"}
        picture = np.repeat(labels[:, :, None] * 255, 3, axis=2)
        Image.fromarray(picture).save(folder / names["picture"])
        Image.fromarray(labels).save(folder / names["labels"])
        items.append({"id": str(number), **names})
    return {"task": "segmentation", "classes": ["black", "white"], "ignore": 255, "items": items}
'''
DATASET = """
dataset: halves
title: Halves
task: segmentation
loader: halves
licence: none
options: {count: 3}
splits: [val, calibration]
notes: [Every picture is the same.]
"""
ACCURACY = {
    "metric": "segmentation",
    "headline": "miou",
    "published": "halves",
    "embedded": "halves",
}
PREPARATION = {"input": "image", "geometry": "squash", "divide": 255}


@pytest.fixture
def scored(checkout):
    """A checkout whose tiny suite has a data set, and a model with weights of its own."""
    checkout.write("workflow/retable_data/sets/halves.py", LOADER)
    checkout.write("config/datasets/halves.yaml", DATASET)
    checkout.edit_yaml("config/suites/tiny.yaml", lambda suite: suite.update(accuracy=[ACCURACY]))
    give_weights(checkout, "tiny", classes=19)
    return checkout


def give_weights(checkout, name, classes, labels=None):
    """Weights of its own for a model, whose labels mean `labels`."""
    file = f"data/{name}.npz"

    def change(model):
        model.update(task="segmentation", labels=labels, preparation=PREPARATION)
        model["weights"]["embedded"] = {"file": file, "trained_on": "halves"}

    checkout.edit_yaml(f"config/models/{name}.yaml", change)
    random = np.random.RandomState(1)
    np.savez(
        checkout.path(file),
        weight=random.standard_normal((classes, 3, 1, 1)).astype(np.float32),
        bias=random.standard_normal(classes).astype(np.float32),
    )


def scoring(checkout):
    return checkout.json("results/null/comparisons/tiny.json")["scorings"][0]


def test_every_case_is_scored_beside_its_latency(scored):
    run = scored.tiny(runtime="host")
    assert {"dataset halves/val", "inputs halves/val/squash/32x64"} <= run.jobs
    found = scoring(scored)
    assert (found["data"], found["images"]) == ("Halves", 3)
    assert {one["model"] for one in found["scored"]} == {"tiny"}
    with_labels = [one for one in found["scored"] if "reducemax" not in one["case"]]
    for one in with_labels:
        # Two thirds are black, and all is said to be: 2/3 of the one class, nothing of the other.
        assert one["metrics"]["pixel_accuracy"] == pytest.approx(2 / 3), one
        assert one["metrics"]["miou"] == pytest.approx(1 / 3), one
        assert one["latency_ms"]["value"] > 0
    page = scored.read("results/null/reports/tiny.md")
    assert "Scored on 3 pictures of Halves, val" in page
    assert "trained on halves, by a script of this repository" in page
    assert "- Every picture is the same." in page


def test_models_of_one_suite_are_scored_on_the_sets_whose_labels_they_have(scored):
    other = DATASET.replace("halves", "thirds", 1).replace("title: Halves", "title: Thirds")
    scored.write("config/datasets/thirds.yaml", other + "labels: shades\n")
    both = [ACCURACY, {**ACCURACY, "published": "thirds", "embedded": "thirds"}]
    scored.edit_yaml("config/suites/tiny.yaml", lambda suite: suite.update(accuracy=both))
    give_weights(scored, "tiny2", classes=5, labels="shades")
    scored.tiny(runtime="host")
    found = scored.json("results/null/comparisons/tiny.json")["scorings"]
    models = {one["data"]: {case["model"] for case in one["scored"]} for one in found}
    assert models == {"Halves": {"tiny"}, "Thirds": {"tiny2"}}
    page = scored.read("results/null/reports/tiny.md")
    assert page.count("## Accuracy beside latency") == 1
    assert "Scored on 3 pictures of Halves, val" in page
    assert "Scored on 3 pictures of Thirds, val" in page


def test_a_run_may_be_asked_to_score_nothing(scored):
    run = scored.tiny(runtime="host", data="none")
    assert "dataset halves/val" not in run.jobs
    assert not {"predict", "score"} & {job.split()[0] for job in run.jobs}
    assert "asked for `data=none`" in scored.read("results/null/reports/tiny.md")


def test_random_weights_are_not_scored_and_say_so(scored):
    run = scored.tiny(runtime="host", weights="random")
    assert "dataset halves/val" in run.jobs
    page = scored.read("results/null/reports/tiny.md")
    assert "Nothing was scored on Halves" in page
    assert "random weights predict nothing" in page


def test_fewer_pictures_are_drawn_and_scored_again_and_nothing_is_timed_again(scored):
    scored.tiny(runtime="host")
    again = scored.tiny(runtime="host", images="2")
    assert scoring(scored)["images"] == 2
    verbs = {job.split()[0] for job in again.jobs}
    assert {"dataset", "inputs", "predict", "score", "compare"} <= verbs
    assert not {"time", "build", "export"} & verbs


def test_a_data_set_that_needs_a_folder_asks_for_it(scored):
    def own(dataset):
        dataset["folder"] = "the licence wants an account"

    scored.edit_yaml("config/datasets/halves.yaml", own)
    run = scored.snakemake(device="null", suite="tiny", runtime="host")
    assert run.status != 0
    assert "the licence wants an account: --config data_folder=FOLDER" in run.output
