"""A mistake of the user: one sentence with file, key and mend; no traceback, nothing made."""

import pytest

NOTHING: dict[str, str] = {}
MODEL = "config/models/tiny.yaml"
SUITE = "config/suites/tiny.yaml"
DEVICE = "config/devices/null.yaml"
CSV = "data/published/tiny.csv"


def sentence_of(run) -> str:
    """The one sentence in what a failed run printed."""
    assert run.status != 0
    assert "Traceback" not in run.output
    said = [line for line in run.output.splitlines() if line.startswith("retable")]
    assert len(said) == 1, run.output
    return said[0]


@pytest.mark.parametrize(
    ("name", "old", "new", "config", "told"),
    [
        ("config/config.yaml", "budget:", "bugdet:", NOTHING, ("'bugdet'", "'budget'")),
        (DEVICE, "memory:", "memmory:", NOTHING, (DEVICE, "'memmory'", "'memory'")),
        (DEVICE, "roles:", "rolls:", NOTHING, (DEVICE, "backends.null.rolls", "'roles'")),
        (SUITE, "{below: 1}", "{belov: 1}", NOTHING, (SUITE, "belov", "'below'")),
        (SUITE, "statistic: mean", "statistic: maen", NOTHING, (SUITE, "statistic", "'mean'")),
        (SUITE, "model: tiny2", "model: tini", NOTHING, ("config/models/tini.yaml", "'tiny'")),
        (SUITE, "    keys: [Model, Input]", "\tkeys: [Model]", NOTHING, (SUITE, "line 11")),
        (MODEL, "unpublished:", "licence:", NOTHING, (MODEL, "'url'", "'unpublished'")),
        (CSV, "FP32,18.46,18.46", "FP32,18.46,18:46", NOTHING, (CSV, "line 3", "'18:46'")),
        (None, "", "", {"devise": "null"}, ("'devise'", "'device'")),
        (None, "", "", {"device": "nul"}, ("config/devices/nul.yaml", "'null'")),
        (None, "", "", {"suite": "tinny"}, ("config/suites/tinny.yaml", "'tiny'")),
        (None, "", "", {"models": "tini"}, ("--config models", "'tini'", "'tiny'")),
        (None, "", "", {"inputs": "32x46"}, ("--config inputs", "'32x46'", "'32x64'")),
        (None, "", "", {"docker_host": "me@nano"}, ("docker_host", "ssh://[user@]host")),
        (None, "", "", {"docker_host": "ssh://nano"}, ("null.yaml: runtime: host", "cpu-docker")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_in_the_configuration_is_one_sentence(checkout, name, old, new, config, told):
    if name:
        checkout.replace(name, old, new)
    before = checkout.files()
    run = checkout.snakemake(**{"device": "null", "suite": "tiny", **config})
    sentence = sentence_of(run)
    for part in told:
        assert part in sentence
    assert checkout.files() == before


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            {},
            "containers/l4t-r32.7/image.yaml: nvidia/l4t-ml:r32.7.1-py3 lies in NVIDIA's registry",
        ),
        ({"ngc": "a.host", "docker_host": "unix:///nowhere"}, "config/devices/jetson-nano.yaml: "),
    ],
)
def test_a_device_that_cannot_be_reached_is_one_sentence(checkout, config, told):
    before = checkout.files()
    run = checkout.snakemake(device="jetson-nano", **config)
    assert run.status == 1
    assert told in sentence_of(run)
    assert checkout.files() == before
    assert checkout.snakemake("--dry-run", device="jetson-nano", **config).status == 0


def test_a_truncated_graph_is_told_and_mended_as_told(finished):
    graph = finished.path("results/models/tiny/32x64/none/fp32.onnx")
    graph.write_bytes(graph.read_bytes()[:100])
    finished.edit("workflow/retable_export/tails/argmax.py", lambda text: text + "# Edited.\n")
    shown = finished.read("results/null/reports/tiny.md")
    run = finished.snakemake(device="null", suite="tiny")
    sentence = sentence_of(run)
    assert "results/models/tiny/32x64/none/fp32.onnx" in sentence
    assert "truncated" in sentence
    assert "delete it and its .json" in sentence
    # The other input's graphs are whole; of this one nothing is made.
    assert not any("32x64" in job for job in run.jobs)
    assert "tail tiny/64x64/argmax" in run.jobs
    assert finished.read("results/null/reports/tiny.md") == shown
    graph.unlink()
    graph.with_suffix(".json").unlink()
    assert "time tiny/tiny_32x64" in finished.tiny().jobs
