"""The stage of the chain at which agreement with the framework's FP32 output is lost.

A case's stages in their order: `input` (pictures to tensors), `export` (the framework to ONNX),
`tail` (post-processing in the graph), `precision` (the graph in FP16 or INT8), `engine` (the graph
as the device's library runs it). Each has the facts of its step `fidelity`. All are held against
the framework's output, so that what a stage loses is what it has lost beyond the stage before it;
facts with `against_graph` say it themselves.

Not every loss is a drop: `ALLOWED` is what the arithmetic that a stage brings in explains.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Measure = Literal["agreement", "relative"]
Of = Literal["pixels", "detections"]
NAMES = ("input", "export", "tail", "precision", "engine")
PIXELS: Of = "pixels"  # what agreement is of, where the facts do not say


@dataclass(frozen=True)
class Allowed:
    """How much a stage may lose.

    `agreement` is a share of the pixels or detections, `relative` the largest difference of a
    value, relative to the largest value.
    """

    agreement: float
    relative: float


# Where a stage computes in a format of rounding error u (Higham, "Accuracy and Stability of
# Numerical Algorithms", 2nd ed., sections 2.8 and 4.2), errors of n terms and L layers grow as
# u sqrt(n L), if they are independent. With n = 4608 (3x3x512) and L = 100:
# - FP32, u = 2^-24: 4e-5. Exporters and engines sum in other orders and are as far apart; networks
#   here were seen at 1e-6 to 1e-5. 1e-4 leaves room for the largest of millions of values.
# - FP16, u = 2^-11, sums kept in FP32: u sqrt(L) = 5e-3, four times that for the largest.
# - INT8: half a step is 1/254 of the limit of a tensor, u sqrt(L) = 4e-2, four times that.
# Pixels change their class where the two best scores are nearer than that: few in FP32, along the
# borders of areas in FP16, and a band along them in INT8.
ALLOWED = {
    "fp32": Allowed(agreement=1e-3, relative=1e-4),
    "fp16": Allowed(agreement=1e-2, relative=2e-2),
    "int8": Allowed(agreement=5e-2, relative=1.6e-1),
}


@dataclass(frozen=True)
class Stage:
    """One stage: `name` of `NAMES`, the precision that it computes in, and what fidelity found."""

    name: str
    precision: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Drop:
    """A stage that lost more than its arithmetic explains, in the units of `Allowed`."""

    stage: str
    measure: Measure
    lost: float
    allowed: float
    of: Of = PIXELS  # what agrees or not


def drops(stages: Iterable[Stage]) -> list[Drop]:
    """What stages lose beyond what they may, in their order: one or two measures of a stage.

    ValueError for stages that are not in the chain's order.
    """
    found = []
    agreement, relative = 1.0, 0.0
    begun = -1
    for stage in stages:
        if NAMES.index(stage.name) <= begun:
            raise ValueError(f"stage {stage.name} comes before {NAMES[begun]}")
        begun = NAMES.index(stage.name)
        own = stage.facts.get("against_graph", {})
        lost: dict[Measure, float] = {}
        if "agreement" in stage.facts:
            held = stage.facts["agreement"]
            lost["agreement"] = 1 - own["agreement"] if "agreement" in own else agreement - held
            agreement = held
        if "relative" in stage.facts:
            held = stage.facts["relative"]
            lost["relative"] = own.get("relative", held - relative)
            # The tensors that go in are not yet the output: nothing is lost against them later.
            relative = 0.0 if stage.name == "input" else held
        allowed = ALLOWED[stage.precision]
        agreement_of = stage.facts.get("of", PIXELS)
        found += [
            Drop(stage.name, measure, amount, getattr(allowed, measure), agreement_of)
            for measure, amount in lost.items()
            if amount > getattr(allowed, measure)
        ]
    return found
