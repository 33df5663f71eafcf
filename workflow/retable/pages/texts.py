"""From a comparison to the words and numbers of a page; templates only place them."""

from typing import Any

from retable.comparing.comparison import (
    Agreement,
    Answer,
    Caution,
    Chain,
    ComparedCell,
    ComparedTable,
    Drop,
    Pace,
    Scoring,
)
from retable.comparing.numbers import number, spread, times
from retable.plan import SEPARATOR

NOTHING = "–"
# What a caution means to the reader; its figures are in the comparison, one for each value.
CAUTIONS = {
    "emulated": "the numbers are that processor's own; the time is of the emulation, says nothing "
    "of the processor, and is compared with nothing",
    "unsteady": "some launches had not come to a steady state by the end of warm-up",
    "compiling": "some of what runs was compiled while it was timed",
    "drift": "the samples go on getting slower, or faster, while they are taken",
    "outliers": "few samples that stand apart move the value; nothing was left out",
    "contended": "its threads often had to wait for a CPU: for other programs, or for each other",
    "throttled": "the device throttled itself",
    "clock": "the device's clock changed",
    "pace": "the machine was faster in some launches than in others",
    "unheld": "what its engine computes could not be held against the framework's output",
    "steal": "the virtual machine's host took CPU time away",
}


# What agreement is a share of, and how a page says so.
SHARED = {
    "pixels": "of pixels have the framework's class",
    "detections": "of detections are the framework's",
}
LOST = {
    "pixels": "of pixels lose the framework's class",
    "detections": "of detections are no more the framework's",
}


class Footnotes:
    """Reasons, numbered in the order in which the page first needs them."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, text: str) -> str:
        """The mark of a reason: the same one for the same text."""
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"


def table_header(table: ComparedTable) -> list[str]:
    """The key columns, then every published column itself and one for each backend that answers it.

    Backends may play roles of their own: where none of its cells is a backend's, a column lacks it.
    """
    header = list(table.keys)
    for column, backends in _backends_of(table).items():
        header.append(f"{column}, published")
        header += [f"{column}, {backend}" for backend in backends]
    return header


def _backends_of(table: ComparedTable) -> dict[str, list[str]]:
    """The backends that answer at least one cell of each column, in the table's order."""
    answering = {(cell.column, answer.backend) for cell in table.cells for answer in cell.answers}
    return {
        column: [backend for backend in table.backends if (column, backend) in answering]
        for column in table.columns
    }


def table_rows(table: ComparedTable, footnotes: Footnotes) -> list[list[str]]:
    """The rows in the published order; a key that repeats the row above is left blank."""
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    backends_of = _backends_of(table)
    rows, above = [], [""] * len(table.keys)
    for label in table.rows:
        keys = label.split(SEPARATOR)
        row = _without_repeats(keys, above)
        above = keys
        for column, backends in backends_of.items():
            row += _cell_texts(cells.get((label, column)), backends, footnotes)
        rows.append(row)
    return rows


def _without_repeats(keys: list[str], above: list[str]) -> list[str]:
    """Leading keys that are those of the row above, blanked; the last key always stands."""
    same = 0
    while same < len(keys) - 1 and keys[same] == above[same]:
        same += 1
    return [""] * same + keys[same:]


def _cell_texts(cell: ComparedCell | None, backends: list[str], footnotes: Footnotes) -> list[str]:
    if cell is None:
        return [""] * (1 + len(backends))
    published = cell.published.text
    if cell.published.failed:
        published += f" {footnotes.mark(f'published as failed: {cell.published.failed}')}"
    answers = {answer.backend: answer for answer in cell.answers}
    return [published] + [answer_text(answers.get(name), footnotes) for name in backends]


def answer_text(answer: Answer | None, footnotes: Footnotes) -> str:
    """What an answer measured, or the mark of the reason why it did not; nothing for none."""
    if answer is None:
        return ""
    if answer.score is not None:
        text = number(answer.score)
    else:
        text = NOTHING if answer.measured is None else spread(answer.measured)
    if answer.ratio is not None:
        text += f" ({times(answer.ratio.value)})"
    if answer.verdict is not None:
        text += f" {answer.verdict}"
    if answer.outcome != "ok":
        text += f" {footnotes.mark(f'{answer.outcome}: {answer.reason}')}"
    return text + _caution_marks(answer.cautions, footnotes)


def _caution_marks(cautions: list[Caution], footnotes: Footnotes) -> str:
    """The marks of cautions, to stand behind a value; emulation is said in a word besides."""
    text = ""
    for one in cautions:
        word = " emulated" if one.kind == "emulated" else ""
        text += f"{word} {footnotes.mark(f'{one.kind}: {CAUTIONS[one.kind]}')}"
    return text


def scores_table(scoring: Scoring, footnotes: Footnotes) -> list[list[str]]:
    """A header, and a row a case: what it is worth, and what it takes.

    Metrics are those that every scored case has, the headline first, but for those with a slash:
    they have columns in the tables above. Those that the suite names are shown where any has them.
    """
    found = [one.metrics for one in scoring.scored if one.outcome == "ok"]
    shared = set.intersection(*(set(metrics) for metrics in found)) if found else set()
    names = [scoring.headline] if scoring.headline in shared else []
    names += sorted(name for name in shared - {scoring.headline} if "/" not in name)
    names += [name for name in scoring.columns if any(name in metrics for metrics in found)]
    header = ["Model", "Input", "Backend", "Case", *names, f"{scoring.latency}, median (ms)"]
    rows = []
    for one in scoring.scored:
        if one.outcome == "ok":
            scores = [_score_text(one.metrics.get(name)) for name in names]
        else:
            mark = footnotes.mark(f"{one.outcome}: {one.reason}")
            scores = [f"{NOTHING} {mark}", *([NOTHING] * (len(names) - 1))][: len(names)]
        latency = NOTHING if one.latency_ms is None else spread(one.latency_ms)
        latency += _caution_marks(one.cautions, footnotes)
        rows.append([one.model, one.input, one.backend, one.case, *scores, latency])
    return [header, *rows]


def unscored_reasons(scoring: Scoring) -> list[str]:
    """Why nothing at all was scored, each reason once; nothing where something was."""
    if any(one.outcome == "ok" for one in scoring.scored):
        return []
    return list(dict.fromkeys(f"{one.outcome}: {one.reason}" for one in scoring.scored))


def _score_text(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


def floors_text(floors: dict[str, float | None]) -> str:
    """The noise floors of a block, by field: `latency_sync 0.4 %`."""
    known = [f"{field} {100 * floor:.2g} %" for field, floor in floors.items() if floor is not None]
    return ", ".join(known) or "not known"


def paces_text(paces: dict[str, Pace]) -> str:
    """The machine's pace in a block: `0.271 (0.265 to 0.34)`; by numpy where there were several."""
    texts = {
        version: f"{one.median_ms:.3g} ({one.fastest_ms:.3g} to {one.slowest_ms:.3g})"
        for version, one in paces.items()
    }
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"numpy {version}: {text}" for version, text in texts.items()) or NOTHING


def agreement_text(agreement: Agreement | Chain) -> str:
    """What fidelity found of a graph or an engine, in one phrase."""
    facts = agreement.facts
    if agreement.reason is not None:
        return f"could not be compared: {agreement.reason}"
    texts = []
    if "relative" in facts:
        texts.append(f"differs by at most {facts['relative']:.1e} of the output's scale")
    if "agreement" in facts:
        texts.append(f"{100 * facts['agreement']:.3f} % {SHARED[facts.get('of', 'pixels')]}")
    if facts.get("nearly_tied"):
        texts.append(f"{facts['nearly_tied']} more are nearly tied")
    return "; ".join(texts) + _definition_text(facts)


def drops_text(chain: Chain) -> str:
    """The stages that lost more than they may, and what; nothing where none could be compared."""
    if chain.drops:
        return "; then ".join(map(_drop_text, chain.drops))
    return "" if chain.reason else "no stage"


def _drop_text(drop: Drop) -> str:
    """What a stage of the chain lost beyond what its arithmetic explains."""
    if drop.measure == "agreement":
        return (
            f"{drop.stage}: {100 * drop.lost:.1f} % {LOST[drop.of]} "
            f"(rounding explains up to {100 * drop.allowed:g} %)"
        )
    return (
        f"{drop.stage}: values move by {drop.lost:.1e} of the largest "
        f"(rounding explains up to {drop.allowed:g})"
    )


def _definition_text(facts: dict[str, Any]) -> str:
    by_definition = facts.get("against_definition")
    if by_definition is None:
        return ""
    if "agreement" in facts:
        return f"; {100 * by_definition:.3f} % are what the tail's definition gives"
    return f"; {by_definition:.1e} from what the tail's definition gives"
