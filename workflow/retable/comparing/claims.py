"""Judging a claim: the ratio of two cells, wherever both stand, published and measured."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Literal

from retable.cases import Case, Cell, Ending, Measure, Request, agrees
from retable.comparing.comparison import ClaimAnswer, ComparedClaim, Pair
from retable.comparing.measurements import Measurements, interval
from retable.comparing.numbers import times
from retable.comparing.readings import Reading, common_basis
from retable.config.suite import Claim, Point
from retable.plan import Plan
from retable.published import Published
from retable_statistics.launches import Estimate, quotient, widened

Verdict = Literal["holds", "fails", "undecided"]
# Pairs that end so say nothing about the claim; others that have no number leave it undecided.
BEYOND_THE_DEVICE = ("unsupported", "unavailable")
Values = Mapping[tuple[str, str, str], Published]
Cells = tuple[Cell, Cell]


def judge(claim: Claim, plan: Plan, published: Values, measured: Measurements) -> ComparedClaim:
    """Judge a claim on every backend of the plan's device that answers its cells."""
    pairs = claim_pairs(claim, plan)
    judged: dict[str, list[Pair]] = {}
    for pair in pairs:
        for label, upper, lower in matched_cases(pair, plan):
            found = _measured_ratio(claim, pair, label, (upper, lower), plan, measured)
            ratio = published_ratio(claim, pair, plan, published)
            judged.setdefault(label, []).append(_judged(claim, pair, ratio, found))
    return ComparedClaim(
        name=claim.name,
        claim=claim.claim,
        note=claim.note,
        published=_published_summary(claim, plan, published),
        answers=[_answer(label, answers) for label, answers in judged.items()],
    )


def claim_pairs(claim: Claim, plan: Plan) -> list[Cells]:
    """Each cell that the claim speaks of with its partner: the same but for what `to` says."""
    return [
        (cell, other)
        for cell in _cells(claim, plan)
        if _speaks_of(claim, cell)
        for other in _partners(cell, claim.to, claim, plan)
        if claim.over is None or pair_over(claim, (cell, other), plan)
    ]


def pair_over(claim: Claim, pair: Cells, plan: Plan) -> Cells | None:
    """The pair whose ratio the claim's is divided by: the same but for what `over` says."""
    if claim.over is None:
        return None
    uppers, lowers = (_partners(cell, claim.over, claim, plan) for cell in pair)
    return (uppers[0], lowers[0]) if uppers and lowers else None


def _cells(claim: Claim, plan: Plan) -> list[Cell]:
    return [cell for cell in plan.cells if claim.table in (None, cell.table)]


def _partners(cell: Cell, to: Point, claim: Claim, plan: Plan) -> list[Cell]:
    """The cells whose case is the same but for what `to` says."""
    wanted = (_partner(cell.request, to), cell.measure, cell.measured_on)
    return [
        other
        for other in _cells(claim, plan)
        if (other.request, other.measure, other.measured_on) == wanted
    ]


def matched_cases(pair: Cells, plan: Plan) -> Iterator[tuple[str, Case, Case]]:
    """The cases of both cells that are to be compared, each couple with its label.

    Within one role a backend is compared with itself; across roles each with every other.
    """
    uppers, lowers = (plan.answers[cell] for cell in pair)
    if pair[0].request.role == pair[1].request.role:
        for upper, lower in zip(uppers, lowers, strict=True):
            yield upper.label, upper, lower
        return
    for upper, lower in itertools.product(uppers, lowers):
        yield f"{upper.label} against {lower.label}", upper, lower


def verdict_within(low: float, high: float, bounds: tuple[float, float]) -> Verdict:
    """Where an interval lies: inside the bounds, outside, or across one of them."""
    if bounds[0] <= low and high <= bounds[1]:
        return "holds"
    if high < bounds[0] or low > bounds[1]:
        return "fails"
    return "undecided"


def _speaks_of(claim: Claim, cell: Cell) -> bool:
    if claim.models and cell.request.model not in claim.models:
        return False
    measure = _said(claim.ratio_of, Measure)
    return agrees(cell.request, _said(claim.ratio_of, Request)) and all(
        getattr(cell.measure, name) == value for name, value in measure.items()
    )


def _said(point: Point, kind: type[Request] | type[Measure]) -> dict[str, object]:
    """The keys that the point names, of those that a request, or a measure, has."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: getattr(point, name) for name in point.model_fields_set if name in names}


def _partner(request: Request, to: Point) -> Request:
    said = _said(to, Request)
    options = said.pop("options", {})
    assert isinstance(options, dict)
    merged = tuple(sorted({**dict(request.options), **options}.items()))
    return dataclasses.replace(request, options=merged, **said)  # type: ignore[arg-type]


def published_ratio(claim: Claim, pair: Cells, plan: Plan, published: Values) -> float | None:
    """What the claim is about, in published values; None where one of them is missing."""
    values = [published[cell.table, cell.row, cell.column].value for cell in pair]
    if values[0] is None or not values[1]:
        return None
    ratio = values[0] / values[1]
    other = pair_over(claim, pair, plan)
    if other is None:
        return ratio
    below = published_ratio(claim.model_copy(update={"over": None}), other, plan, published)
    return ratio / below if below else None


def _published_summary(claim: Claim, plan: Plan, published: Values) -> str:
    found = [published_ratio(claim, pair, plan, published) for pair in claim_pairs(claim, plan)]
    ratios = [ratio for ratio in found if ratio is not None]
    if not ratios:
        return "no two published values to compare"
    held = sum(verdict_within(ratio, ratio, claim.expect.bounds()) == "holds" for ratio in ratios)
    return f"{_range(min(ratios), max(ratios))}, holds in {held} of {len(ratios)}"


def _answer(label: str, judged: list[Pair]) -> ClaimAnswer:
    """Sum up the pairs of one backend."""
    verdicts = [pair.verdict for pair in judged if pair.verdict is not None]
    if not verdicts:
        reason = next(pair.reason for pair in judged if pair.reason)
        return ClaimAnswer(backend=label, verdict="not testable", detail=reason, pairs=judged)
    ratios = [pair.measured.value for pair in judged if pair.measured is not None]
    counts = {word: verdicts.count(word) for word in ("holds", "fails", "undecided")}
    beyond = sum(pair.outcome in BEYOND_THE_DEVICE for pair in judged)
    asked = len(judged) - beyond
    others = {
        "fails": counts["fails"],
        "undecided": counts["undecided"],
        "no number": asked - len(verdicts),
        "not testable": beyond,
    }
    detail = f"{_range(min(ratios), max(ratios))}, holds in {counts['holds']} of {asked}"
    detail += "".join(f", {word} in {count}" for word, count in others.items() if count)
    if any(pair.measured is not None and pair.noise_floor is None for pair in judged):
        detail += "; noise floor not known"
    return ClaimAnswer(backend=label, verdict=_whole(counts, asked), detail=detail, pairs=judged)


def _whole(counts: Mapping[str, int], pairs: int) -> Verdict | Literal["mixed"]:
    """The verdict on all pairs that the device can be asked about.

    One that each of them has; or mixed, where some hold and some fail; else undecided.
    """
    for word in ("holds", "fails"):
        if counts[word] == pairs:
            return word
    return "mixed" if counts["holds"] and counts["fails"] else "undecided"


def _judged(claim: Claim, pair: Cells, published: float | None, found: "Ratio | Ending") -> Pair:
    """Judge one ratio; a difference under the noise floor is none."""
    ending = found if isinstance(found, Ending) else None
    estimate, verdict, floor = None, None, None
    if not isinstance(found, Ending):
        ratio, floor = found
        estimate = interval(ratio)
        bounded = widened(ratio, floor or 0.0)
        verdict = verdict_within(bounded.low, bounded.high, claim.expect.bounds())
    reason = f"{ending.outcome}: {ending.reason}" if ending else None
    return Pair(
        row=pair[0].row,
        column=pair[0].column,
        published=published,
        measured=estimate,
        noise_floor=floor,
        verdict=verdict,
        outcome=ending.outcome if ending else "ok",
        reason=reason,
    )


Ratio = tuple[Estimate, float | None]  # and the noise floor, below which a difference is none


def _measured_ratio(
    claim: Claim,
    pair: Cells,
    label: str,
    cases: tuple[Case, Case],
    plan: Plan,
    measured: Measurements,
) -> Ratio | Ending:
    """The ratio that the claim is about, of the two cases that have this label."""
    ratio_of = _ratio_of_times if pair[0].measure.score is None else _ratio_of_scores
    above = ratio_of(pair, cases, plan, measured)
    other = pair_over(claim, pair, plan)
    if other is None or isinstance(above, Ending):
        return above
    of_label = [case[1:] for case in matched_cases(other, plan) if case[0] == label]
    if not of_label:
        return Ending("unavailable", "not both of the two ratios can be had of these backends")
    below = ratio_of(other, of_label[0], plan, measured)
    if isinstance(below, Ending):
        return below
    floors = [floor for _, floor in (above, below) if floor is not None]
    floor = math.prod(1 + one for one in floors) - 1 if len(floors) == 2 else None
    return quotient(above[0], below[0]), floor


def _ratio_of_times(
    pair: Cells, cases: tuple[Case, Case], plan: Plan, measured: Measurements
) -> Ratio | Ending:
    """One latency over another, paired by round."""
    if not measured.compares_times:
        return Ending("unsupported", "times under emulation are compared with nothing")
    upper, lower = (_times(measured, case, cell) for cell, case in zip(pair, cases, strict=True))
    for one in (upper, lower):
        if isinstance(one, Ending):
            return one
    assert isinstance(upper, Reading) and isinstance(lower, Reading)
    ratio = measured.ratio(upper, lower)
    if ratio is None:
        return Ending("unavailable", "the two have no round in common")
    block, field = plan.block_of(cases[0]), pair[0].measure.field
    return ratio, measured.noise_floor(block, field, common_basis(upper, lower))


def _ratio_of_scores(
    pair: Cells, cases: tuple[Case, Case], _: Plan, measured: Measurements
) -> Ratio | Ending:
    """One accuracy over another: on the same pictures both are what they are, without noise."""
    upper, lower = (
        measured.scores.value(case, cell) for cell, case in zip(pair, cases, strict=True)
    )
    for one in (upper, lower):
        if isinstance(one, Ending):
            return one
    assert isinstance(upper, float) and isinstance(lower, float)
    if not lower:
        return Ending("unavailable", "nothing can be divided by a score of 0")
    ratio = upper / lower
    return Estimate(ratio, ratio, ratio, 1.0), 0.0


def _times(measured: Measurements, case: Case, cell: Cell) -> Reading | Ending:
    """The times of a cell: a ratio of rates is not one of times."""
    if cell.measure.statistic == "images_per_second":
        return Ending("unavailable", "a ratio of rates is not computed by this version of retable")
    return measured.reading(case, cell)


def _range(low: float, high: float) -> str:
    return times(low) if times(low) == times(high) else f"{times(low)} to {times(high)}"
