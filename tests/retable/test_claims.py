"""Claims on sessions made by hand: pairs, verdicts, and what is said of the published values."""

from dataclasses import replace

import pytest
from small_suite import Small, measured_by_turns, session

from retable.comparing.claims import claim_pairs, judge
from retable.comparing.measurements import Measurements
from retable.comparing.scores import Scores
from retable.config.suite import Claim
from retable.contract import Result

PLAIN, FUSED = "null.argmax.fp32", "null.fused_argmax.fp32"
COLUMNS = {"plain": {"tail": "argmax"}, "fused": {"tail": "fused_argmax"}}
CLAIM = {"ratio_of": {"tail": "fused_argmax"}, "to": {"tail": "argmax"}, "expect": {"below": 0.8}}
STEADY = [[2.0], [2.0], [2.0]]


def rounds(*values):
    return [[value] for value in values]


@pytest.mark.parametrize(
    ("fused", "verdict", "detail"),
    [
        (rounds(1.0, 1.2, 1.4), "holds", "0.60x, holds in 1 of 1; noise floor not known"),
        (
            rounds(1.8, 1.9, 2.0),
            "fails",
            "0.95x, holds in 0 of 1, fails in 1; noise floor not known",
        ),
        (
            rounds(1.4, 1.5, 1.7),
            "undecided",
            "0.75x, holds in 0 of 1, undecided in 1; noise floor not known",
        ),
    ],
)
def test_a_claim_is_judged_by_the_whole_interval(fused, verdict, detail):
    judged = Small(COLUMNS, claim=CLAIM).judged({PLAIN: STEADY, FUSED: fused})
    (answer,) = judged.answers
    assert (answer.backend, answer.verdict, answer.detail) == ("null", verdict, detail)


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ({"above": 0.49}, "holds"),
        ({"above": 0.71}, "fails"),
        ({"above": 0.6}, "undecided"),
        ({"between": [0.49, 0.71]}, "holds"),
        ({"between": [0.55, 0.7]}, "undecided"),
        ({"between": [0.71, 2]}, "fails"),
        ({"between": [0.1, 0.4]}, "fails"),
    ],
)
def test_bounds_of_every_kind(expect, verdict):
    """Of ratios 0.5, 0.6 and 0.7."""
    small = Small(COLUMNS, claim={**CLAIM, "expect": expect})
    judged = small.judged({PLAIN: rounds(1.0, 1.0, 1.0), FUSED: rounds(0.5, 0.6, 0.7)})
    assert judged.answers[0].verdict == verdict


def test_launches_are_paired_by_round():
    """Both were ten times slower in the second round: their ratio is the same in all."""
    small = Small(COLUMNS, claim=CLAIM)
    judged = small.judged({PLAIN: rounds(2.0, 20.0, 2.2), FUSED: rounds(1.0, 10.0, 1.1)})
    (pair,) = judged.answers[0].pairs
    measured = pair.measured
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.5, 0.5, 0.5))
    assert pair.verdict == "holds"


def test_a_ratio_is_taken_turn_by_turn():
    """The machine got slower all the while, and the fused case had enough sooner."""
    fused = measured_by_turns([[1.0], [2.0], [3.0]])
    plain = measured_by_turns([[2.0], [4.0], [6.0], [8.0], [10.0], [12.0], [14.0]])
    judged = Small(COLUMNS, claim=CLAIM).judged({PLAIN: [plain] * 3, FUSED: [fused] * 3})
    measured = judged.answers[0].pairs[0].measured
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.5, 0.5, 0.5))


# The noise floor

FASTER, AS_FAST = {"below": 1.0}, {"between": [0.9, 1.1]}
TWIN = (PLAIN, [[2.0], [2.1], [1.95]])  # against STEADY: up to 5 % apart
FLOOR = 0.05


@pytest.mark.parametrize(
    ("fused", "expect", "verdict"),
    [
        (1.96, FASTER, "undecided"),  # 2 % faster: less than one case timed twice
        (1.96, AS_FAST, "holds"),
        (2.04, FASTER, "undecided"),
        (2.04, AS_FAST, "holds"),
        (1.8, FASTER, "holds"),  # 10 % faster is more than noise
        (1.8, AS_FAST, "undecided"),  # it may be 10 % or more
        (2.2, FASTER, "fails"),
    ],
)
def test_a_difference_below_the_noise_floor_is_none(fused, expect, verdict):
    small = Small(COLUMNS, claim={**CLAIM, "expect": expect})
    judged = small.judged({PLAIN: STEADY, FUSED: rounds(fused, fused, fused)}, twin=TWIN)
    (pair,) = judged.answers[0].pairs
    assert pair.verdict == verdict
    assert pair.noise_floor == pytest.approx(FLOOR)
    assert pair.measured.value == pytest.approx(fused / 2)  # the ratio is told as it was


@pytest.mark.parametrize("twin", [None, (PLAIN, Result(outcome="crashed", reason="SIGABRT"))])
def test_where_no_case_was_timed_twice_the_interval_alone_decides(twin):
    small = Small(COLUMNS, claim={**CLAIM, "expect": FASTER})
    launches = {PLAIN: STEADY, FUSED: rounds(1.96, 1.96, 1.96)}
    measured = small.measured(launches, twin=twin)
    assert measured.noise_floor(small.plan.runnable[0], "latency_sync") is None
    if twin is None:
        (pair,) = small.judged(launches).answers[0].pairs
        assert (pair.verdict, pair.noise_floor) == ("holds", None)


def test_the_noise_floor_is_that_of_the_field_that_is_compared():
    """Of launches in which the whole call was quiet, and the GPU's part was not."""

    def launch(sync: float, gpu: float) -> Result:
        return Result(outcome="ok", samples={"latency_sync": [sync], "gpu_compute": [gpu]})

    columns = {"whole": {"tail": "argmax"}, "gpu": {"tail": "argmax", "field": "gpu_compute"}}
    small = Small(columns)
    measured = small.measured(
        {PLAIN: [launch(2.0, 1.0)] * 3}, twin=(PLAIN, [launch(2.0, gpu) for gpu in (1.0, 1.1, 1)])
    )
    block = small.plan.runnable[0]
    assert measured.noise_floor(block, "latency_sync") == pytest.approx(0.0)
    assert measured.noise_floor(block, "gpu_compute") == pytest.approx(0.1)


def test_the_noise_floor_is_not_told_of_a_block_that_was_not_timed():
    small = Small(COLUMNS)
    measured = Measurements(small.plan, {}, Scores([], "embedded"))
    assert measured.noise_floor(small.plan.runnable[0], "latency_sync") is None


def test_cases_without_a_common_round_give_no_ratio():
    """Each was disturbed in the turns in which the other was not."""
    upper = measured_by_turns([[1.0], [70.0]], waited=[0.0, 69.0])
    lower = measured_by_turns([[70.0], [2.0]], waited=[69.0, 0.0])
    (answer,) = Small(COLUMNS, claim=CLAIM).judged({PLAIN: [lower], FUSED: [upper]}).answers
    assert (answer.verdict, answer.detail) == (
        "not testable",
        "unavailable: the two have no round in common",
    )


def test_a_case_that_did_not_converge_is_judged_by_what_it_has():
    wide = Result(outcome="not_converged", reason="error", samples={"latency_sync": [1.0]})
    (answer,) = Small(COLUMNS, claim=CLAIM).judged({PLAIN: STEADY, FUSED: [wide] * 3}).answers
    assert answer.detail == "0.50x, holds in 1 of 1; noise floor not known"


def test_a_pair_names_the_upper_cell_and_its_published_ratio():
    small = Small(COLUMNS, {"plain": 4.0, "fused": 3.0}, claim=CLAIM)
    (pair,) = small.judged({PLAIN: STEADY, FUSED: STEADY}).answers[0].pairs
    assert (pair.row, pair.column, pair.published) == ("net", "fused", 0.75)


@pytest.mark.parametrize(
    ("failed", "reason"),
    [(FUSED, "out_of_memory: at 3 GB"), (PLAIN, "out_of_memory: at 3 GB")],
)
def test_a_claim_without_both_numbers_is_not_testable(failed, reason):
    launches = {PLAIN: STEADY, FUSED: STEADY}
    launches[failed] = Result(outcome="out_of_memory", reason="at 3 GB")
    (answer,) = Small(COLUMNS, claim=CLAIM).judged(launches).answers
    assert (answer.verdict, answer.detail) == ("not testable", reason)
    assert answer.pairs[0].measured is None


TWO_SIZES = {
    "small plain": {"tail": "argmax"},
    "small fused": {"tail": "fused_argmax"},
    "large plain": {"tail": "argmax", "batch": 2},
    "large fused": {"tail": "fused_argmax", "batch": 2},
}


def test_a_claim_that_holds_here_and_fails_there_is_mixed():
    small = Small(TWO_SIZES, claim=CLAIM)
    judged = small.judged(
        {
            PLAIN: STEADY,
            FUSED: rounds(1.0, 1.0, 1.0),
            f"{PLAIN}.batch=2": STEADY,
            f"{FUSED}.batch=2": rounds(2.0, 2.1, 2.2),
        }
    )
    (answer,) = judged.answers
    assert answer.verdict == "mixed"
    assert answer.detail == "0.50x to 1.05x, holds in 1 of 2, fails in 1; noise floor not known"
    assert [pair.column for pair in answer.pairs] == ["small fused", "large fused"]


def test_what_failed_is_counted_beside_what_holds():
    small = Small(TWO_SIZES, claim=CLAIM)
    judged = small.judged(
        {
            PLAIN: STEADY,
            FUSED: rounds(1.0, 1.0, 1.0),
            f"{PLAIN}.batch=2": STEADY,
            f"{FUSED}.batch=2": Result(outcome="timeout", reason="no end"),
        }
    )
    (answer,) = judged.answers
    assert (answer.verdict, answer.detail) == (
        "undecided",
        "0.50x, holds in 1 of 2, no number in 1; noise floor not known",
    )
    assert answer.pairs[1].reason == "timeout: no end"


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ({"small fused": 0.5, "large fused": 0.9}, "0.50x to 0.90x, holds in 1 of 2"),
        ({"small fused": 0.5, "large fused": 0.5}, "0.50x, holds in 2 of 2"),
        ({"small fused": 0.5, "large fused": None}, "0.50x, holds in 1 of 1"),
        ({"small fused": None, "large plain": None}, "no two published values to compare"),
    ],
)
def test_the_published_values_are_summed_up_without_any_measurement(published, said):
    launches = dict.fromkeys(Small(TWO_SIZES).names, STEADY)
    assert Small(TWO_SIZES, published, claim=CLAIM).judged(launches).published == said


def test_backends_are_judged_apart():
    small = Small(COLUMNS, claim=CLAIM, device="cpu")
    judged = small.judged(
        {
            "openvino.argmax.fp32": STEADY,
            "openvino.fused_argmax.fp32": rounds(1.0, 1.0, 1.0),
            "onnxruntime.argmax.fp32": STEADY,
            "onnxruntime.fused_argmax.fp32": rounds(3.0, 3.0, 3.0),
        }
    )
    assert {answer.backend: answer.verdict for answer in judged.answers} == {
        "openvino": "holds",
        "onnxruntime": "fails",
    }


def test_across_roles_every_backend_meets_every_other():
    small = Small(
        {"engine": {"role": "engine"}, "native": {"role": "native"}},
        claim={"ratio_of": {"role": "engine"}, "to": {"role": "native"}, "expect": {"below": 0.5}},
        device="cpu",
        framework="paddle",
    )
    judged = small.judged(
        {
            "openvino.none.fp32": rounds(1.0, 1.0, 1.0),
            "onnxruntime.none.fp32": rounds(3.0, 3.0, 3.0),
            "paddle.native.fp32": rounds(4.0, 4.0, 4.0),
        }
    )
    assert {answer.backend: (answer.verdict, answer.detail) for answer in judged.answers} == {
        "openvino against paddle": ("holds", "0.25x, holds in 1 of 1; noise floor not known"),
        "onnxruntime against paddle": (
            "fails",
            "0.75x, holds in 0 of 1, fails in 1; noise floor not known",
        ),
    }


ROLES = {
    f"{role} {size}": {"role": role, "input": size}
    for role in ("engine", "native")
    for size in ("8x8", "16x16")
}
OVER = {
    "ratio_of": {"role": "engine", "input": "16x16"},
    "to": {"role": "native"},
    "over": {"input": "8x8"},
    "expect": {"below": 0.8},
}


def judged_over(large: dict, small: dict, twin: str | None = None):
    """The claim of what a larger input changes, on two sessions: the one answer, and the whole."""
    suite = Small(ROLES, claim=OVER, device="cpu", framework="paddle", unavailable=["openvino"])
    launches = {"tiny_16x16": large, "tiny_8x8": small}
    sessions = {
        block.name: session(
            block.name,
            launches[block.name],
            twin=(twin, launches[block.name][twin]) if twin else None,
        )
        for block in suite.plan.runnable
    }
    measured = Measurements(suite.plan, sessions, Scores([], "embedded"))
    published = {
        value.place: value
        for value in (
            replace(one, value={"engine 16x16": 2.0, "native 16x16": 8.0}.get(one.column, 1.0))
            for one in suite.values
        )
    }
    whole = judge(Claim(name="a-claim", claim="A claim.", **OVER), suite.plan, published, measured)
    return next(one for one in whole.answers if one.backend.startswith("onnxruntime")), whole


def test_a_ratio_over_that_of_another_session():
    large = {"onnxruntime.none.fp32": STEADY, "paddle.native.fp32": rounds(10.0, 10.0, 10.0)}
    small = {"onnxruntime.none.fp32": rounds(1.0, 1.0, 1.0), "paddle.native.fp32": STEADY}
    answer, whole = judged_over(large, small)
    assert whole.published == "0.25x, holds in 1 of 1"
    assert answer.detail == "0.40x, holds in 1 of 1; noise floor not known"
    (pair,) = answer.pairs
    assert (pair.published, pair.measured.value) == (0.25, pytest.approx(0.4))
    answer, _ = judged_over(small, small)
    assert (answer.verdict, answer.pairs[0].measured.value) == ("fails", 1.0)


def test_a_ratio_over_another_is_as_uncertain_as_both():
    """0.7 to 0.9 of the native time over 0.9 to 1.1 of it."""
    large = {"onnxruntime.none.fp32": rounds(0.7, 0.8, 0.9), "paddle.native.fp32": rounds(1, 1, 1)}
    small = {"onnxruntime.none.fp32": rounds(0.9, 1.0, 1.1), "paddle.native.fp32": rounds(1, 1, 1)}
    answer, _ = judged_over(large, small, twin="paddle.native.fp32")
    (pair,) = answer.pairs
    assert answer.verdict == "undecided"
    assert pair.measured.low == pytest.approx(0.7 / 1.1)
    assert pair.measured.high == pytest.approx(0.9 / 0.9)
    assert pair.noise_floor == 0.0


def test_an_other_ratio_that_was_not_measured_is_the_reason():
    large = {"onnxruntime.none.fp32": STEADY, "paddle.native.fp32": STEADY}
    ended = Result(outcome="timeout", reason="too slow")
    answer, _ = judged_over(large, {**large, "paddle.native.fp32": ended})
    assert (answer.verdict, answer.detail) == ("not testable", "timeout: too slow")


def test_a_role_that_the_device_lacks_is_the_reason():
    small = Small(
        {"engine": {"role": "engine"}, "native": {"role": "native"}},
        claim={"ratio_of": {"role": "engine"}, "to": {"role": "native"}, "expect": {"below": 0.5}},
        device="cpu",
        framework="torch",
    )
    launches = {"openvino.none.fp32": STEADY, "onnxruntime.none.fp32": STEADY}
    answers = {answer.backend: answer for answer in small.judged(launches).answers}
    assert set(answers) == {"openvino against native", "onnxruntime against native"}
    for answer in answers.values():
        assert answer.verdict == "not testable"
        assert answer.detail.startswith("unsupported: ")
        assert "has no backend for the role 'native' for torch models" in answer.detail


@pytest.mark.parametrize(
    ("claim", "pairs"),
    [
        (CLAIM, ["small fused", "large fused"]),
        ({**CLAIM, "ratio_of": {"tail": "fused_argmax", "batch": 2}}, ["large fused"]),
        ({**CLAIM, "models": ["tiny"]}, ["small fused", "large fused"]),
        ({**CLAIM, "models": ["other"]}, []),
        ({**CLAIM, "table": "t"}, ["small fused", "large fused"]),
        ({**CLAIM, "table": "another"}, []),
        ({**CLAIM, "to": {"tail": "reducemax"}}, []),
        ({**CLAIM, "ratio_of": {"tail": "fused_argmax", "statistic": "p99"}}, []),
        ({**CLAIM, "ratio_of": {"tail": "fused_argmax", "statistic": "mean"}}, [
            "small fused", "large fused",
        ]),
    ],
)  # fmt: skip
def test_a_claim_is_about_the_cells_it_speaks_of(claim, pairs):
    small = Small(TWO_SIZES)
    whole = Claim.model_validate({"name": "a-claim", "claim": "A claim.", **claim})
    found = claim_pairs(whole, small.plan)
    assert [upper.column for upper, _ in found] == pairs
    assert all(upper.request.batch == lower.request.batch for upper, lower in found)


def test_values_of_two_devices_or_two_measures_are_no_pair():
    columns = {
        "plain": {"tail": "argmax"},
        "fused elsewhere": {"tail": "fused_argmax", "measured_on": "t4"},
        "fused p99": {"tail": "fused_argmax", "statistic": "p99"},
    }
    claim = Claim.model_validate({"name": "a-claim", "claim": "A claim.", **CLAIM})
    assert claim_pairs(claim, Small(columns).plan) == []


def test_options_of_a_partner_are_laid_over_those_of_the_cell():
    columns = {
        "one": {"options": {"threads": 1, "xla": "gpu"}},
        "four": {"options": {"threads": 4, "xla": "gpu"}},
        "four without": {"options": {"threads": 4, "xla": "none"}},
    }
    claim = {
        "ratio_of": {"options": {"threads": 4}},
        "to": {"options": {"threads": 1}},
        "expect": {"below": 1},
    }
    whole = Claim.model_validate({"name": "a-claim", "claim": "A claim.", **claim})
    found = claim_pairs(whole, Small(columns).plan)
    assert [(upper.column, lower.column) for upper, lower in found] == [("four", "one")]
