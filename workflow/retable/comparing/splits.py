"""Where post-processing should live: the ways of doing one work, by how long each takes.

A suite's splits say which cases are ways of the same work. Those of one model, input, precision
and backend were timed in one session: each stands against the fastest, and against the one that
does all of it in the engine, paired by turns as a claim's ratios are.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from retable.cases import Block, Case, Request
from retable.comparing.answers import answer_of, median_cell
from retable.comparing.comparison import Answer, ComparedSplit, Versus, Way
from retable.comparing.measurements import Measurements
from retable.comparing.readings import Reading
from retable.comparing.versus import versus
from retable.config.suite import Alternative, Split
from retable.plan import Plan

FIELD = "latency_sync"  # of the whole, from the input on the host to the result there
BEHIND = ("host_post", "post")  # the samples of what follows the engine: on the host, or in place


def compared_splits(plan: Plan, measured: Measurements) -> list[ComparedSplit]:
    """Every split of the plan's suite, for all that it was asked of, in the plan's order.

    None of an emulated device: they are answered by times.
    """
    if plan.suite.splits is None or not measured.compares_times:
        return []
    return [
        _compared(split, block, cases, measured)
        for split in plan.suite.splits.of
        for block in plan.blocks.values()
        for cases in _alternatives(split, block)
    ]


def _alternatives(split: Split, block: Block) -> Iterator[Mapping[int, Case]]:
    """The block's cases that are ways of the split's work, by their place among its alternatives.

    Those of one player, precision and so on together, where there are two at least.
    """
    places = {(one.tail, one.post): place for place, one in enumerate(split.alternatives)}
    groups: dict[tuple[str, Request], dict[int, Case]] = {}
    for case in block.cases:
        place = places.get((case.request.tail, case.request.post))
        if place is not None:
            rest = dataclasses.replace(case.request, tail="", post="")
            groups.setdefault((case.label, rest), {})[place] = case
    return (found for found in groups.values() if len(found) > 1)


def _compared(
    split: Split, block: Block, cases: Mapping[int, Case], measured: Measurements
) -> ComparedSplit:
    """The ways in the order of their latency, each beside the fastest and beside the first."""
    cells = {place: median_cell(case, FIELD) for place, case in cases.items()}
    answers = {place: answer_of(cases[place], cells[place], None, measured) for place in cases}
    order = sorted(answers, key=lambda place: (_latency(answers[place]), place))
    found = {place: measured.reading(cases[place], cells[place]) for place in cases}
    readings = {place: one for place, one in found.items() if isinstance(one, Reading)}
    first = cases[order[0]]

    def beside(upper: int, lower: int) -> Versus | None:
        if upper == lower or upper not in readings or lower not in readings:
            return None
        return versus(readings[upper], readings[lower], block, cells[upper], measured)

    return ComparedSplit(
        work=split.work,
        model=first.request.model,
        input=first.request.input_key,
        precision=first.request.precision,
        backend=first.label,
        ways=[
            Way(
                alternative=_words(split.alternatives[place]),
                outside=split.alternatives[place].outside,
                answer=answers[place],
                behind_ms=_behind(cases[place], measured),
                to_fastest=beside(place, order[0]),
                to_engine=beside(place, 0),
            )
            for place in order
        ],
    )


def _latency(answer: Answer) -> float:
    return answer.measured.value if answer.measured else float("inf")


def _behind(case: Case, measured: Measurements) -> float | None:
    """What of the latency is spent behind the engine: the median over launches of their medians."""
    if case.request.post == "none":
        return None
    found = [
        np.median(result.samples[name])
        for result in measured.results(case)
        for name in BEHIND
        if result.samples.get(name)
    ]
    return float(np.median(found)) if found else None


def _words(alternative: Alternative) -> str:
    """The alternative as its case's name has it: `interpolate_softmax+torch_max`."""
    post = "" if alternative.post == "none" else f"+{alternative.post}"
    return alternative.tail + post
