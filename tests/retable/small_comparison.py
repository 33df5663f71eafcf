"""A comparison of one table on two backends: numbers, failures of both sides, and a claim."""

from retable.comparing.comparison import (
    Agreement,
    Answer,
    ClaimAnswer,
    ComparedCell,
    ComparedClaim,
    ComparedTable,
    Comparison,
    Condition,
    Interval,
    PublishedValue,
    SessionSummary,
    WeightsUsed,
)
from retable.config.suite import Plot

ROWS = ["384x576 | argmax", "384x576 | fused argmax", "768x1344 | argmax", "768x1344 | fused"]


HOLDS = ClaimAnswer(backend="one", verdict="holds", detail="0.50x, holds in 1 of 1", pairs=[])


def measured(value: float, **changes: object) -> Answer:
    interval = Interval(value=value, low=0.9 * value, high=1.1 * value, coverage=0.75)
    return Answer.model_validate(
        {
            "backend": "one",
            "case": "one.none.fp32",
            "block": "tiny_8x8",
            "beside": False,
            "outcome": "ok",
            "reason": None,
            "measured": interval,
            "launches": 3,
            "samples": 60,
            **changes,
        }
    )


def failed(backend: str, outcome: str, reason: str) -> Answer:
    return measured(1, backend=backend, outcome=outcome, reason=reason, measured=None, launches=0)


def cell(row: str, *answers: Answer, value: float | None = 10.0, why: str = "") -> ComparedCell:
    text = "*" if value is None else f"{value:.2f}"
    return ComparedCell(
        row=row,
        column="FP32",
        unit="ms",
        published=PublishedValue(text=text, value=value, failed=why),
        answers=list(answers),
    )


def table(*cells: ComparedCell, **changes: object) -> ComparedTable:
    return ComparedTable.model_validate(
        {
            "table": "argmax",
            "title": "Argmax and where",
            "device_label": "Jetson Nano",
            "keys": ["Model (Input)", "Type"],
            "rows": ROWS,
            "columns": ["FP32"],
            "backends": ["one", "two"],
            "cells": cells,
            "conditions": [Condition(name="library", published="TensorRT 8", here="ORT 1.31")],
            "notes": ["A note of the table."],
            **changes,
        }
    )


SMALL = table(
    cell(ROWS[0], measured(8.0), failed("two", "timeout", "no end after 600 s")),
    cell(ROWS[1], failed("one", "unsupported", "no FP16"), failed("two", "unsupported", "no FP16")),
    cell(ROWS[2], measured(1.0), failed("two", "timeout", "no end after 600 s"), value=None,
         why="it crashed"),
    cell(ROWS[3], measured(1.0), measured(2.0, backend="two")),
)  # fmt: skip


def comparison(**changes: object) -> Comparison:
    return Comparison.model_validate(
        {
            "schema": "retable/comparison/5",
            "suite": "small",
            "title": "A small suite",
            "document": "The document",
            "url": "https://host/document",
            "licence": "MIT",
            "notes": ["A note of the suite."],
            "device": "cpu",
            "device_title": "This machine's CPU",
            "settings": {
                "budget": "quick",
                "weights": "random",
                "data": "embedded",
                "further": "all",
                "seed": 7,
                "mirror": None,
            },
            "machine": {"cpu": "Some CPU", "cores": 2},
            "versions": {"one": {"onnxruntime": "1.31.1"}},
            "tables": [SMALL],
            "claims": [
                ComparedClaim(
                    name="a-claim",
                    claim="Fused is faster.",
                    note="A note of the claim.",
                    published="0.66x, holds in 2 of 2",
                    answers=[HOLDS],
                )
            ],
            "plots": [Plot(title="A plot", table="argmax", column="FP32")],
            "weights": [
                WeightsUsed(
                    model="tiny",
                    title="Tiny",
                    weights="random",
                    trained_on=None,
                    source=None,
                    reason="the host cannot be reached",
                    parameters=3,
                )
            ],
            "splits": [],
            "compiled": [],
            "networks": [],
            "chains": [],
            "scorings": [],
            "agreements": [
                Agreement(
                    model="tiny",
                    input="8x8",
                    graph="argmax/fp32",
                    reason=None,
                    facts={"agreement": 0.99987},
                )
            ],
            "sessions": [
                SessionSummary(
                    block="tiny_8x8",
                    path="results/cpu/timings/small/tiny_8x8.json",
                    started="2021-01-01T00:00:00.000+00:00",
                    seconds=12.5,
                    launches=12,
                    seed=20211,
                    source_commit="0123abc",
                    twin="one.argmax.fp32",
                    noise_floors={"latency_sync": 0.004},
                    load_average=(0.5, 1.25),
                )
            ],
            **changes,
        }
    )
