"""The accuracy of a suite's cases beside their latency."""

from collections.abc import Mapping
from typing import Any

from retable.cases import Case
from retable.comparing.comparison import Scored, Scoring
from retable.comparing.measurements import Measurements, interval
from retable.config.dataset import DataSet
from retable.config.load import Configuration
from retable.config.suite import Accuracy
from retable.plan import Plan
from retable.records import Record


def scorings_of(
    plan: Plan, measured: Measurements, configuration: Configuration, settings: Mapping[str, Any]
) -> list[Scoring]:
    """For each data set all cases of the plan that were to be scored on it, in its order."""
    records = {case: measured.scores.record(case) for case in plan.runnable_cases}
    scorings = []
    for accuracy, chosen in configuration.scored_on(plan.suite, settings["data"]):
        scored = {
            case: record
            for case, record in records.items()
            if record is not None and record.subject["set"] == chosen.dataset
        }
        if scored:
            scorings.append(_scoring(accuracy, chosen, scored, measured))
    return scorings


def _scoring(
    accuracy: Accuracy, chosen: DataSet, scored: Mapping[Case, Record], measured: Measurements
) -> Scoring:
    images = {record.facts["images"] for record in scored.values() if record.outcome == "ok"}
    return Scoring(
        data=chosen.title,
        split=accuracy.split,
        images=max(images, default=None),
        metric=accuracy.metric,
        headline=accuracy.headline,
        columns=accuracy.columns,
        latency=accuracy.latency,
        notes=chosen.notes,
        scored=[
            _scored(case, record, accuracy.latency, measured) for case, record in scored.items()
        ],
    )


def _scored(case: Case, record: Record, field: str, measured: Measurements) -> Scored:
    latency = measured.latency(case, field) if measured.compares_times else None
    return Scored(
        model=case.request.model,
        input=case.request.input_key,
        case=case.name,
        backend=case.label,
        outcome=record.outcome,
        reason=record.reason,
        metrics=record.facts.get("metrics", {}),
        latency_ms=None if latency is None else interval(latency),
        cautions=measured.of_device,
    )
