"""A suite of one table and one row on a real device file, and sessions made by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retable.cases import Case, Cell, Ending
from retable.comparing.answers import answer_of
from retable.comparing.claims import judge
from retable.comparing.comparison import Answer, ComparedClaim
from retable.comparing.measurements import Measurements
from retable.comparing.scores import Scores
from retable.config.budget import BUDGETS
from retable.config.load import load_configuration
from retable.config.model import Model
from retable.config.suite import Claim, Suite
from retable.contract import Result
from retable.plan import Plan, plan_suite
from retable.published import Published
from retable.sessions import Entry, Launch, Origin, Session, SessionJob, case_ending

ROOT = Path(__file__).parents[2]
CONFIGURATION = load_configuration(ROOT)
CASE = {
    "model": "tiny",
    "input": "8x8",
    "role": "engine",
    "precision": "fp32",
    "measured_on": "null",
    "field": "latency_sync",
    "statistic": "mean",
    "unit": "ms",
}
# Of each launch its samples, or all that it left; or how the only one ended.
Launches = Sequence[list[float] | Result] | Result


def model(framework: str = "null", **changes: Any) -> Model:
    return Model.model_validate(
        {
            "model": "tiny",
            "title": "Tiny",
            "framework": framework,
            "exporter": "null",
            "weights": {"unpublished": "it is a test's"},
            **changes,
        }
    )


@dataclass
class Small:
    """The plan of `columns` on a device, and its published values."""

    columns: Mapping[str, Mapping[str, Any]]
    published: Mapping[str, float | None] = field(default_factory=dict)
    claim: Mapping[str, Any] | None = None
    device: str = "null"
    emulated: bool = False  # as if the device's file said so
    framework: str = "null"
    unavailable: Iterable[str] = ()
    beside: Iterable[str] = ()  # other roles that the table asks
    splits: Mapping[str, Any] | None = None
    compilation: Mapping[str, Any] | None = None
    unheld: Mapping[tuple[str, str], str] | None = None  # engines that nobody could check

    def __post_init__(self) -> None:
        table = {
            "table": "t",
            "title": "A table",
            "device_label": "A device",
            "keys": ["Network"],
            "case": CASE,
            "rows": [{"net": {}}],
            "columns": self.columns,
            "beside": list(self.beside),
        }
        suite = {
            "suite": "small",
            "title": "Small",
            "document": "A document",
            "url": "https://host/document",
            "licence": "MIT",
            "tables": [table],
            "splits": self.splits,
            "compilation": self.compilation,
        }
        self.values = [
            Published("t", "net", column, "text", self.published.get(column, 1.0), "")
            for column in self.columns
        ]
        self.plan: Plan = plan_suite(
            Suite.model_validate(suite),
            self.values,
            CONFIGURATION.devices[self.device].model_copy(update={"emulated": self.emulated}),
            {"tiny": model(self.framework)},
            self._availability,
        )

    def _availability(self, case: Case, model: Model) -> Ending | None:
        missing = case.player in self.unavailable
        return Ending("unavailable", f"{case.player} is not here") if missing else None

    @property
    def names(self) -> list[str]:
        return [case.name for block in self.plan.runnable for case in block.runnable]

    def cell(self, column: str) -> Cell:
        return next(cell for cell in self.plan.cells if cell.column == column)

    def measured(self, launches: Mapping[str, Launches], **session_: Any) -> Measurements:
        """The session of every block, as if its cases had given these samples."""
        sessions = {
            block.name: session(block.name, launches, **session_) for block in self.plan.runnable
        }
        return Measurements(self.plan, sessions, Scores([], "embedded"), self.unheld)

    def answers(
        self, column: str, launches: Mapping[str, Launches], **session_: Any
    ) -> list[Answer]:
        cell, measured = self.cell(column), self.measured(launches, **session_)
        value = next(one.value for one in self.values if one.column == column)
        return [answer_of(case, cell, value, measured) for case in self.plan.shown(cell)]

    def judged(self, launches: Mapping[str, Launches], **session_: Any) -> ComparedClaim:
        claim = Claim.model_validate({"name": "a-claim", "claim": "A claim.", **(self.claim or {})})
        published = {value.place: value for value in self.values}
        return judge(claim, self.plan, published, self.measured(launches, **session_))


def session_job(block: str = "tiny_8x8", **changes: Any) -> SessionJob:
    return SessionJob.model_validate(
        {
            "suite": "small",
            "block": block,
            "device": "null",
            "memory_limit_mib": None,
            "resident": None,
            "budget": BUDGETS["quick"],
            "seed": 1,
            "cases": [],
            **changes,
        }
    )


def session(
    block: str,
    launches: Mapping[str, Launches],
    twin: tuple[str, Launches] | None = None,
    telemetry: Mapping[str, Any] | None = None,
    budget: str = "quick",
    origins: Mapping[str, Origin] | None = None,
) -> Session:
    """A session whose launches were these; `twin` names the case timed twice, with the others."""
    name, again = twin or (None, [])
    made = [launch for one, given in launches.items() for launch in _launches(one, given)]
    made += _launches(name, again, twin=True) if name else []
    return Session(
        job=session_job(block, budget=BUDGETS[budget]),
        started="2021-01-01T00:00:00.000+00:00",
        seconds=1.0,
        source_commit=None,
        runner_sha256="0" * 64,
        origins=dict(origins or {}),
        twin=name,
        telemetry=dict(telemetry or {}),
        cases={
            one: case_ending([launch.result for launch in made if launch.entry.case == one])
            for one in launches
        },
        launches=made,
    )


def measured_by_turns(turns: Sequence[Sequence[float]], **counted: list[float]) -> Result:
    """What a launch left whose turns took these samples; `counted` are its contention counters.

    Its turns began at 0 s, 1 s and so on.
    """
    return Result(
        outcome="ok",
        samples={"latency_sync": [time for turn in turns for time in turn]},
        contention=counted,
        facts={
            "fields": ["latency_sync"],
            "turns": [
                {"started_s": float(second), "ms": 100.0, "samples": len(turn)}
                for second, turn in enumerate(turns)
            ],
        },
    )


def at_paces(left: Result, paces: Sequence[float | None], numpy: str = "2.4.6") -> Result:
    """The launch with the machine's pace in each of its turns, in ms; None: not counted."""
    turns = [
        {**turn, "pace": {"cpu_ms": pace, "ms": 0.5}}
        for turn, pace in zip(left.facts["turns"], paces, strict=True)
    ]
    return left.model_copy(
        update={
            "facts": {**left.facts, "memory": "host", "turns": turns},
            "versions": {"numpy": numpy},
        }
    )


def _launches(case: str, given: Launches, twin: bool = False) -> list[Launch]:
    return [
        Launch(
            entry=Entry(case=case, round=round_, position=0, twin=twin),
            started="2021-01-01T00:00:00.000+00:00",
            seconds=1.0,
            load_average=0.5,
            result=result,
        )
        for round_, result in enumerate(_results(given))
    ]


def _results(given: Launches) -> list[Result]:
    if isinstance(given, Result):
        return [given]
    return [one if isinstance(one, Result) else measured_by_turns([one]) for one in given]
