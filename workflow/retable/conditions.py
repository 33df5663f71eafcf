"""The conditions a table's values depend on: as published beside as they were here."""

from collections.abc import Mapping

from retable.answers import Measurements
from retable.cases import Case
from retable.comparison import Condition, WeightsUsed
from retable.config.budget import BUDGETS
from retable.config.suite import Table
from retable.fields import SAME_WITHOUT_TRANSFERS
from retable.plan import Plan
from retable.records import Record

MISSING = "not stated"
INTERPRETER = ("python", "numpy")  # what every launch has


def conditions_of(
    table: Table,
    plan: Plan,
    measured: Measurements,
    weights: list[WeightsUsed],
    environments: Mapping[str, Record],
    budget: str,
) -> list[Condition]:
    """Every condition that differs between the published table and this device."""
    cases = _timed_cases(table, plan)
    if not cases:
        return []
    here = {
        "device": _device(plan, environments),
        "library": _libraries(cases, measured),
        "weights": _weights(cases, weights),
        "batch": _joined(str(case.request.batch) for case in cases),
        "transfers": _transfers(cases, plan),
        "threads": _threads(cases, measured),
        **_recipe(budget),
    }
    return [
        Condition(name=name, published=table.conditions.get(name, MISSING), here=value)
        for name, value in here.items()
        if value != table.conditions.get(name)
    ] + [
        Condition(name=name, published=value, here="only the run itself: buffers are made before")
        for name, value in table.conditions.items()
        if name == "timed region"
    ]


def _timed_cases(table: Table, plan: Plan) -> list[Case]:
    cases = {
        case: None
        for cell in plan.cells
        if cell.table == table.table
        for case in plan.answers[cell]
        if case.ending is None
    }
    return list(cases)


def _device(plan: Plan, environments: Mapping[str, Record]) -> str:
    machine = next(iter(environments.values())).facts["machine"]
    return f"{plan.device.title}: {machine['cpu'] or 'unknown CPU'}, {machine['cores']} cores"


def _libraries(cases: list[Case], measured: Measurements) -> str:
    found = {}
    for case in cases:
        for result in measured.results(case)[:1]:
            found.update({case.backend: result.versions})
    libraries = [
        f"{package} {version}"
        for versions in found.values()
        for package, version in versions.items()
        if package not in INTERPRETER
    ]
    return ", ".join(libraries) or "none"


def _weights(cases: list[Case], weights: list[WeightsUsed]) -> str:
    used = {case.request.model for case in cases}
    return _joined(one.weights for one in weights if one.model in used)


def _transfers(cases: list[Case], plan: Plan) -> str:
    same = ", ".join(SAME_WITHOUT_TRANSFERS)
    said = {
        "host": f"none: inputs and outputs are in host memory ({same} are all latency_sync)",
        "device": "host to device and back",
    }
    return _joined(said[plan.device.memory_of(case.backend)] for case in cases)


def _threads(cases: list[Case], measured: Measurements) -> str:
    return _joined(
        f"{case.backend}: {result.facts['threads']}"
        for case in cases
        for result in measured.results(case)[:1]
        if "threads" in result.facts
    )


def _recipe(budget: str) -> dict[str, str]:
    """How each case was timed, in the words that tables use for their own."""
    preset = BUDGETS[budget]
    warmup, measure = preset.warmup, preset.measure
    return {
        "warm-up": f"at least {warmup.min_ms:g} ms and {warmup.min_iterations} iterations "
        f"({warmup.slow_iterations} where one takes over {warmup.slow_ms:g} ms), until steady",
        "duration": f"at least {measure.min_samples} iterations and {measure.min_ms / 1000:g} s "
        "a launch",
        "launches": f"{preset.launches}, interleaved with the block's other cases",
        "statistic": "the published statistic of each launch, then the median over launches",
    }


def _joined(values: object) -> str:
    return ", ".join(dict.fromkeys(values))  # type: ignore[call-overload]
