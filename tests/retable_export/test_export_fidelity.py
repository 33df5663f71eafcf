"""Which output of several tells how far a graph or an engine is from the framework."""

import numpy as np
import pytest

from retable_export import fidelity
from retable_export.errors import JobError


def outputs(**changes):
    heatmaps = np.linspace(0, 1, 2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    wanted = {"heatmaps": heatmaps, "peaks": heatmaps.reshape(2, 12).argmax(axis=1)}
    return {**wanted, **changes}


def test_values_tell_more_than_the_places_that_follow_from_them():
    wanted = outputs()
    found = outputs(heatmaps=wanted["heatmaps"] + np.float32(0.01), peaks=wanted["peaks"] - 1)
    facts = fidelity.compared(found, wanted)
    assert (facts["output"], facts["relative"]) == ("heatmaps", pytest.approx(0.01, rel=1e-4))
    assert facts["outputs"]["peaks"]["agreement"] == 0
    assert "agreement" not in facts


def test_of_values_alone_the_farthest_tells_and_of_whole_numbers_too():
    wanted = {"near": np.ones(4, np.float32), "far": np.ones(4, np.float32)}
    found = {**wanted, "far": np.full(4, 1.5, np.float32)}
    assert fidelity.compared(found, wanted)["output"] == "far"
    whole = {name: array.astype(np.int64) for name, array in wanted.items()}
    facts = fidelity.compared({**whole, "far": whole["far"] + 1}, whole)
    assert (facts["output"], facts["agreement"]) == ("far", 0)


def test_of_a_known_output_the_facts_come_first():
    wanted = outputs()
    facts = fidelity.compared(outputs(heatmaps=wanted["heatmaps"] + 1), wanted, "peaks")
    assert (facts["output"], facts["agreement"]) == ("peaks", 1)
    assert fidelity.compared(wanted, wanted, "others")["output"] == "heatmaps"


def test_labels_tell_before_all_others():
    wanted = {
        "labels": np.zeros((1, 1, 2, 2), np.int64),
        "values": np.ones((1, 1, 2, 2), np.float32),
    }
    found = {**wanted, "values": wanted["values"] * 2}
    facts = fidelity.compared(found, wanted)
    assert (facts["output"], facts["agreement"]) == ("labels", 1)


def test_an_output_that_was_not_found_is_named():
    with pytest.raises(JobError, match=r"no output 'peaks' was found: there are heatmaps"):
        fidelity.compared({"heatmaps": outputs()["heatmaps"]}, outputs())
