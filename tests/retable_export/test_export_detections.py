"""Two lists of detections are held against each other by what they found, not by place."""

import numpy as np
import pytest

from retable_export import detections, fidelity
from retable_export.errors import JobError

ROOM = 8  # of a list


def outputs(scores=(0.9, 0.8, 0.7, 0.6), room=ROOM, order=None, **changes):
    """Boxes side by side, of two classes; each with a mask that holds its number."""
    number = len(scores)
    left = np.arange(number) / 10
    made = {
        "detection_boxes": np.stack([left * 0, left, left * 0 + 0.5, left + 0.08], axis=-1),
        "detection_classes": np.arange(number) % 2 + 1.0,
        "detection_scores": np.array(scores),
        "detection_masks": np.broadcast_to(left[:, None, None], (number, 2, 2)).copy(),
    }
    made.update(changes)
    padded = {}
    for name, array in made.items():
        rows = array[list(order)] if order is not None else array
        padded[name] = np.zeros((1, room, *rows.shape[1:]), np.float32)
        padded[name][0, : len(rows)] = rows
    return {**padded, "num_detections": np.array([number], np.float32)}


def test_what_stands_in_another_place_is_the_same():
    facts = detections.compared(outputs(order=(2, 0, 3, 1)), outputs())
    assert (facts["agreement"], facts["relative"], facts["nearly_tied"]) == (1, 0, 0)
    assert set(facts["rows"]) == {"detection_boxes", "detection_scores", "detection_masks"}


def test_values_are_compared_of_the_same_detection():
    masks = np.zeros((4, 2, 2))
    facts = detections.compared(outputs(detection_masks=masks), outputs())
    assert facts["rows"]["detection_masks"]["relative"] == 1
    assert facts["rows"]["detection_scores"]["relative"] == 0
    assert facts["relative"] == 1
    lower = outputs(scores=(0.81, 0.8, 0.7, 0.6))
    assert detections.compared(lower, outputs())["relative"] == pytest.approx(0.1, rel=1e-4)


def moved(by):
    boxes = outputs()["detection_boxes"][0, :4].copy()
    boxes[1, [1, 3]] += by
    return outputs(detection_boxes=boxes)


def test_another_box_and_another_class_are_lost_from_both_lists():
    assert detections.compared(moved(0.5), outputs())["agreement"] == 0.75
    other = detections.compared(outputs(detection_classes=np.ones(4)), outputs())
    assert other["agreement"] == 0.5
    fewer = detections.compared(outputs(scores=(0.9, 0.8, 0.7)), outputs())
    assert fewer["agreement"] == pytest.approx(6 / 7)
    none = detections.compared(outputs(scores=()), outputs())
    assert none["agreement"] == 0
    assert "relative" not in none


def test_of_overlapping_boxes_suppression_may_keep_either_where_their_scores_are_tied():
    tied = detections.compared(moved(0.01), outputs())
    assert (tied["agreement"], tied["nearly_tied"], tied["relative"]) == (1, 2, 0)
    scored = moved(0.01)
    scored["detection_scores"][0, 1] = 0.85
    lost = detections.compared(scored, outputs())
    assert (lost["agreement"], lost["nearly_tied"]) == (0.75, 0)


def test_at_the_end_of_a_full_list_ties_decide_who_is_on_it():
    scores = (0.9, 0.8, 0.7, 0.5, 0.5)
    chosen = {
        name: outputs(scores, room=4, order=order)
        for name, order in {"fourth": (0, 1, 2, 3), "fifth": (0, 1, 2, 4)}.items()
    }
    for one in chosen.values():
        one["num_detections"][:] = 4
    facts = detections.compared(chosen["fifth"], chosen["fourth"])
    assert (facts["agreement"], facts["nearly_tied"]) == (1, 2)
    chosen["fourth"]["detection_scores"][0, 3] = 0.6  # it ought to be on the other list
    facts = detections.compared(chosen["fifth"], chosen["fourth"])
    assert (facts["agreement"], facts["nearly_tied"]) == (pytest.approx(6 / 7), 1)


def test_lists_of_nothing_but_ties_cannot_be_compared():
    ours, theirs = (outputs((0.5, 0.5), room=1, order=(one,)) for one in (0, 1))
    for one in (ours, theirs):
        one["num_detections"][:] = 1
    with pytest.raises(JobError, match="all 2 detections are nearly tied"):
        detections.compared(ours, theirs)
    with pytest.raises(JobError, match="there are no detections"):
        detections.compared(outputs(scores=()), outputs(scores=()))


def test_a_box_without_an_area_is_found_by_its_place():
    boxes = outputs()["detection_boxes"][0, :4].copy()
    boxes[:, 2:] = boxes[:, :2]
    facts = detections.compared(
        outputs(detection_boxes=boxes + np.float32(1e-5)), outputs(detection_boxes=boxes)
    )
    assert facts["agreement"] == 1
    away = outputs(detection_boxes=boxes + np.float32(0.01))
    assert detections.compared(away, outputs(detection_boxes=boxes))["agreement"] == 0


def test_of_a_detector_the_lists_tell_and_what_is_not_ranked_stands_beside():
    raw = np.linspace(0, 1, 6, dtype=np.float32).reshape(1, 6, 1)
    wanted = {**outputs(), "raw_detection_scores": raw}
    found = {**outputs(order=(1, 0, 2, 3)), "raw_detection_scores": raw + np.float32(0.5)}
    facts = fidelity.compared(found, wanted)
    assert (facts["output"], facts["of"], facts["agreement"]) == ("detections", "detections", 1)
    assert facts["outputs"]["raw_detection_scores"]["relative"] == pytest.approx(0.5)
    assert set(facts["outputs"]) == {"detections", "raw_detection_scores"}
    with pytest.raises(JobError, match="no output 'detection_masks' was found"):
        fidelity.compared({name: found[name] for name in found if "masks" not in name}, wanted)
    del found["detection_scores"]
    with pytest.raises(JobError, match="no output 'detection_scores' was found"):
        fidelity.compared(found, wanted)


def test_every_picture_has_its_own_list():
    two = {name: np.concatenate([one, one]) for name, one in outputs().items()}
    other = {name: one.copy() for name, one in two.items()}
    other["detection_classes"][1, 0] += 1
    facts = detections.compared(other, two)
    assert facts["agreement"] == pytest.approx(14 / 16)
