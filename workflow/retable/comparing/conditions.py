"""The conditions a table's values depend on: as published beside as they were here."""

from collections.abc import Iterable, Iterator, Mapping

from retable.cases import Case
from retable.comparing.comparison import Condition, WeightsUsed
from retable.comparing.fields import TIMED, TRANSFERRED
from retable.comparing.measurements import Measurements
from retable.config.budget import BUDGETS
from retable.config.suite import Table
from retable.contract import Result
from retable.jobs.launch import Measure
from retable.plan import Plan

MISSING = "not stated"
NOT_RECORDED = "not recorded"
IN_HOST_MEMORY = "none, inputs and outputs are in host memory"
INTERPRETER = ("python", "numpy")  # what every launch has


def conditions_of(
    table: Table,
    plan: Plan,
    measured: Measurements,
    weights: list[WeightsUsed],
    machine: Mapping[str, object],
    budget: str,
) -> list[Condition]:
    """Every condition that differs between the published table and this device."""
    cases = _timed_cases(table, plan)
    if not cases:
        return []
    here = {
        **_input(plan),
        "device": _device(plan, machine),
        "library": _libraries(cases, measured),
        "weights": _weights(cases, weights),
        **_precision(table, cases),
        "batch": _joined(str(case.request.batch) for case in cases),
        "transfers": _transfers(table, plan, measured),
        "threads": _threads(cases, measured),
        "power mode": plan.device.power_mode or NOT_RECORDED,
        "timed region": _timed_region(table, plan, measured),
        **_recipe(budget),
        **_counts(cases, measured, budget),
        **_placement(cases, measured),
    }
    names = [*here, *(name for name in table.conditions if name not in here)]
    return [
        Condition(
            name=name,
            published=table.conditions.get(name, MISSING),
            here=here.get(name, NOT_RECORDED),
        )
        for name in names
        if here.get(name) != table.conditions.get(name, NOT_RECORDED)
    ]


def _precision(table: Table, cases: list[Case]) -> dict[str, str]:
    """Of the timed cases; where rows and columns tell it, it is no condition of the table."""
    if "precision" not in table.conditions:
        return {}
    return {"precision": _joined(case.request.precision.upper() for case in cases)}


def _input(plan: Plan) -> dict[str, str]:
    """Another size than the published rows', where a run asked for one."""
    return {} if plan.size is None else {"input": f"{plan.size} in all rows (--config size)"}


def _timed_cases(table: Table, plan: Plan) -> list[Case]:
    cases = {
        case: None
        for cell in plan.cells
        if cell.table == table.table
        for case in plan.shown(cell)
        if case.ending is None
    }
    return list(cases)


def _device(plan: Plan, machine: Mapping[str, object]) -> str:
    processor = f"{machine.get('cpu') or 'unknown CPU'}, {machine.get('cores') or 'unknown'} cores"
    found = machine.get("gpu") if plan.device.memory == "device" else None
    return f"{plan.device.title}: {f'{found}; ' if found else ''}{processor}"


def _libraries(cases: list[Case], measured: Measurements) -> str:
    found = {}
    for case in cases:
        for result in measured.results(case)[:1]:
            found.update({case.player: result.versions})
    libraries = [
        f"{package} {version}"
        for versions in found.values()
        for package, version in versions.items()
        if package not in INTERPRETER
    ]
    return _joined(libraries) or "none"


def _weights(cases: list[Case], weights: list[WeightsUsed]) -> str:
    used = {case.request.model for case in cases}
    return _joined(_weights_text(one) for one in weights if one.model in used)


def _weights_text(one: WeightsUsed) -> str:
    if one.weights == "official":
        return one.source or one.weights
    return f"trained here on {one.trained_on}" if one.trained_on else one.weights


def _transfers(table: Table, plan: Plan, measured: Measurements) -> str:
    return _by_player(
        (case.label, TRANSFERRED[field] if measured.on_device(case) else IN_HOST_MEMORY)
        for case, field in _fields(table, plan, measured)
    )


def _timed_region(table: Table, plan: Plan, measured: Measurements) -> str:
    posts: dict[str, dict[str, None]] = {}  # of each player, in their order
    for case in _timed_cases(table, plan):
        if case.request.post != "none":
            posts.setdefault(case.label, {})[case.request.post] = None
    behind = {
        player: f", and {', '.join(names)} behind it where the row says so"
        for player, names in posts.items()
    }
    return _by_player(
        (case.label, TIMED[field] + behind.get(case.label, ""))
        for case, field in _fields(table, plan, measured)
    )


def _fields(table: Table, plan: Plan, measured: Measurements) -> Iterator[tuple[Case, str]]:
    """Each timed case of the table, with the samples that answer its cells' fields."""
    for cell in plan.cells:
        if cell.table == table.table:
            for case in plan.shown(cell):
                used = measured.field_used(case, cell)
                if used is not None:
                    yield case, used


def _by_player(said: Iterable[tuple[str, str]]) -> str:
    """What is said of the players: once where it is of all, else behind the names of some."""
    players: dict[str, dict[str, None]] = {}  # of each text, in their order
    for player, text in said:
        players.setdefault(text, {})[player] = None
    if len(players) < 2:
        return _joined(players)
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in players.items())


def _threads(cases: list[Case], measured: Measurements) -> str:
    return _joined(
        f"{case.player}: {result.facts['threads']}{_cpus_text(result)}"
        for case in cases
        for result in measured.results(case)[:1]
        if "threads" in result.facts
    )


def _cpus_text(result: Result) -> str:
    """Where a launch took its turns, if not where the kernel had it."""
    cpus = {turn.get("cpu") for turn in result.facts.get("turns", [])} - {None}
    if not cpus:
        return ""
    return f", turn by turn on the next of {len(cpus)} CPUs" if len(cpus) > 1 else ", on one CPU"


def _recipe(budget: str) -> dict[str, str]:
    """How each case was timed, in the words that tables use for their own."""
    preset = BUDGETS[budget]
    warmup, measure, turn = preset.warmup, preset.measure, preset.turn
    return {
        "warm-up": f"at least {warmup.min_ms:g} ms and {warmup.min_iterations} iterations "
        f"({warmup.slow_iterations} where one takes over {warmup.slow_ms:g} ms), then until two "
        f"medians agree within 1 %, or {warmup.max_ms:g} ms have gone",
        "duration": f"at least {measure.min_samples} iterations and {measure.min_ms / 1000:g} s "
        f"a launch, {_end(measure)}",
        "launches": f"{preset.launches}, by turns of {turn.min_ms:g} ms and {turn.min_samples} "
        f"iterations with the block's other cases, {turn.settle_ms:g} to {turn.settle_max_ms:g} ms "
        "before each not counted",
        "statistic": "the published statistic of each launch, then the median over launches",
    }


def _counts(cases: list[Case], measured: Measurements, budget: str) -> dict[str, str]:
    """What of the recipe is the published table's own, where its counts are asked for."""
    asked = [dict(case.request.options) for case in cases]
    if not all({"warmup", "repeats"} <= one.keys() for one in asked):
        return {}
    least_s = BUDGETS[budget].measure.min_ms / 1000
    return {
        "warm-up": f"{_joined(str(one['warmup']) for one in asked)} iterations",
        "duration": f"{_joined(str(one['repeats']) for one in asked)} iterations a start, and as "
        f"many starts in a launch as make {least_s:g} s{_most_starts(cases, measured)}",
    }


def _most_starts(cases: list[Case], measured: Measurements) -> str:
    """What is said of programs that tell the mean of a start alone."""
    programs = [
        result.facts.get("program", {}) for case in cases for result in measured.results(case)[:1]
    ]
    most = _joined(str(one["most_samples"]) for one in programs if "most_samples" in one)
    if not most:
        return ""
    return f", {most} at most: each tells a mean alone, and no convergence is asked for"


def _end(measure: Measure) -> str:
    if measure.target is None:
        return "by time alone: no convergence is asked for"
    return (
        f"until the median's interval is within {100 * measure.target:g} %, "
        f"or {measure.max_ms / 1000:g} s have gone"
    )


def _placement(cases: list[Case], measured: Measurements) -> dict[str, str]:
    """Of the engines that have nodes on another processor than the one meant; else nothing."""
    told = _joined(
        f"{case.name}: {_joined(node.split()[0] for node in nodes)}"
        for case in cases
        if (nodes := measured.elsewhere(case))
    )
    return {"placement": f"on the CPU: {told}"} if told else {}


def _joined(values: Iterable[str]) -> str:
    """The values with commas between, each once, in their order."""
    return ", ".join(dict.fromkeys(values))
