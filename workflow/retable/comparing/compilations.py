"""What compiling costs and what it brings: the same work with and without, timed in one session.

A suite's `compilation` names the option that says what of a graph is compiled, and its value that
compiles nothing. Counts and times of compiling are what the launches left; the first call is apart
from the steady state, which is a field's samples.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from retable.cases import Block, Case, Cell, Request
from retable.comparing.answers import answer_of, median_cell
from retable.comparing.comparison import Compiled, Versus
from retable.comparing.measurements import Measurements
from retable.comparing.readings import Reading
from retable.comparing.versus import versus
from retable.config.suite import Compilation
from retable.contract import Result
from retable.plan import Plan


def compiled_cases(plan: Plan, measured: Measurements) -> list[Compiled]:
    """Every case that has the option and ran, or ended, here; in the plan's order."""
    asked = plan.suite.compilation
    if asked is None:
        return []
    return [
        _compiled(asked, block, case, _plain(asked, block, case), measured)
        for block in plan.runnable
        for case in block.runnable
        if asked.option in dict(case.request.options)
    ]


def _plain(asked: Compilation, block: Block, case: Case) -> Case | None:
    """The block's case that is the same but compiles nothing; None of that case itself."""
    options = {**dict(case.request.options), asked.option: asked.plain}
    wanted: Request = dataclasses.replace(case.request, options=tuple(sorted(options.items())))
    if wanted == case.request:
        return None
    return next(
        (one for one in block.runnable if (one.request, one.label) == (wanted, case.label)), None
    )


def _compiled(
    asked: Compilation, block: Block, case: Case, plain: Case | None, measured: Measurements
) -> Compiled:
    cell = median_cell(case, asked.field)
    answer = answer_of(case, cell, None, measured)
    results = measured.results(case) if answer.measured is not None else []
    found = [result.facts["compilation"] for result in results if "compilation" in result.facts]
    return Compiled(
        model=case.request.model,
        input=case.request.input_key,
        backend=case.label,
        setting=f"{asked.option}={dict(case.request.options)[asked.option]}",
        answer=answer,
        clusters=_median(found, "clusters"),
        late=sum(one["late"] for one in found) if found else None,
        compile_s=_median(found, "seconds"),
        first_call_ms=_first_call(results),
        to_plain=_to_plain(case, plain, block, cell, measured),
    )


def _median(found: list[Mapping[str, float]], name: str) -> float | None:
    """The median over the launches of what each counted; None where nothing was."""
    return float(np.median([one[name] for one in found])) if found else None


def _first_call(results: list[Result]) -> float | None:
    calls = [result.facts["first_call_ms"] for result in results if "first_call_ms" in result.facts]
    return float(np.median(calls)) if calls else None


def _to_plain(
    case: Case, plain: Case | None, block: Block, cell: Cell, measured: Measurements
) -> Versus | None:
    """The ratio of the steady states; None of what compiles nothing, or without a number."""
    if plain is None:
        return None
    upper, lower = measured.reading(case, cell), measured.reading(plain, cell)
    if not isinstance(upper, Reading) or not isinstance(lower, Reading):
        return None
    return versus(upper, lower, block, cell, measured)
