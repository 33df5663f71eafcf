"""At which stage agreement is lost, from the facts of fidelity."""

from typing import Any

import pytest

from retable.comparing.stages import ALLOWED, Drop, Stage, drops


def chain(**changes: dict[str, Any]) -> list[Stage]:
    """A healthy INT8 chain with a fused tail of logits, with some stages' facts changed."""
    healthy: dict[str, tuple[str, dict[str, Any]]] = {
        "input": ("fp32", {"relative": 1e-7}),
        "export": ("fp32", {"relative": 2e-6, "agreement": 0.99999}),
        "tail": ("fp32", {"agreement": 0.99999, "against_definition": 1.0}),
        "precision": ("int8", {"agreement": 0.98}),
        "engine": ("int8", {"agreement": 0.979}),
    }
    return [
        Stage(name, precision, {**facts, **changes.get(name, {})})
        for name, (precision, facts) in healthy.items()
    ]


def names(stages: list[Stage]) -> list[str]:
    return [drop.stage for drop in drops(stages)]


def test_what_rounding_explains_is_no_drop() -> None:
    assert drops(chain()) == []


def test_tensors_of_another_colour_order_are_the_inputs_fault() -> None:
    assert drops(chain(input={"relative": 0.6})) == [Drop("input", "relative", 0.6, 1e-4)]


def test_a_changed_graph_is_the_exports_fault_and_not_that_of_what_follows() -> None:
    broken = chain(
        export={"relative": 0.2, "agreement": 0.7},
        tail={"agreement": 0.7},
        precision={"agreement": 0.69},
        engine={"agreement": 0.69},
    )
    found = drops(broken)
    assert [(one.stage, one.measure) for one in found] == [
        ("export", "agreement"), ("export", "relative"),
    ]  # fmt: skip
    assert found[0].lost == pytest.approx(0.3)
    assert found[0].allowed == ALLOWED["fp32"].agreement


def test_a_drop_says_what_agreement_is_of() -> None:
    (found,) = drops(chain(export={"agreement": 0.9, "of": "detections"}))
    assert (found.measure, found.of) == ("agreement", "detections")


def test_values_alone_show_a_change_that_moves_no_class() -> None:
    found = drops(chain(export={"relative": 5e-3}))
    assert found == [Drop("export", "relative", 5e-3, 1e-4)]


def test_a_tail_at_half_resolution_is_named_and_int8_behind_it_is_not() -> None:
    fused = chain(
        tail={"agreement": 0.96}, precision={"agreement": 0.94}, engine={"agreement": 0.94}
    )
    assert names(fused) == ["tail"]


def test_a_second_fault_is_found_behind_the_first() -> None:
    twice = chain(tail={"agreement": 0.96}, precision={"agreement": 0.3}, engine={"agreement": 0.3})
    assert names(twice) == ["tail", "precision"]


def test_scales_from_the_wrong_data_are_the_precisions_fault() -> None:
    lost = chain(precision={"agreement": 0.2}, engine={"agreement": 0.21})
    assert names(lost) == ["precision"]


def test_each_precision_may_lose_what_its_rounding_explains() -> None:
    plain = {"relative": 1e-6, "agreement": 1.0}
    for precision, expected in (("fp32", ["precision"]), ("fp16", ["precision"]), ("int8", [])):
        stages = [
            Stage("export", "fp32", plain),
            Stage("precision", precision, {"relative": 0.05, "agreement": 0.97}),
        ]
        assert list(dict.fromkeys(names(stages))) == expected


def test_an_engine_beside_its_own_graph_says_itself_what_it_lost() -> None:
    # Its faults and the graph's cancel against the framework; against the graph they do not.
    engine = {"agreement": 0.98, "against_graph": {"agreement": 0.8, "relative": 0.3}}
    assert names(chain(engine=engine)) == ["engine"]
    healthy = {"agreement": 0.9, "against_graph": {"agreement": 0.999, "relative": 0.01}}
    assert names(chain(precision={"agreement": 0.92}, engine=healthy)) == ["precision"]


def test_a_stage_that_came_nearer_lost_nothing() -> None:
    assert names(chain(engine={"agreement": 0.99})) == []


def test_without_labels_values_decide() -> None:
    stages = [
        Stage("export", "fp32", {"relative": 1e-6}),
        Stage("precision", "fp16", {"relative": 1e-3}),
        Stage("engine", "fp16", {"relative": 0.4}),
    ]
    assert drops(stages) == [Drop("engine", "relative", 0.4 - 1e-3, 2e-2)]


@pytest.mark.parametrize("order", [("tail", "export"), ("export", "export")])
def test_stages_out_of_order_are_refused(order: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=f"stage {order[1]} comes before {order[0]}"):
        drops([Stage(name, "fp32", {"agreement": 1.0}) for name in order])
