"""The section of a page that says where post-processing should live."""

from retable.comparing.comparison import ComparedSplit, Way
from retable.comparing.numbers import number, ratio_text
from retable.pages.texts import NOTHING, Footnotes, answer_text

HEADER = [
    "Model",
    "Input",
    "Precision",
    "Backend",
    "In the engine + behind it",
    "latency_sync, median (ms)",
    "behind the engine (ms)",
    "to the fastest",
]


def works(splits: list[ComparedSplit]) -> dict[str, list[ComparedSplit]]:
    """What was asked, by work; of each the splits of which something was measured."""
    found: dict[str, list[ComparedSplit]] = {}
    for split in splits:
        if _has_numbers(split):
            found.setdefault(split.work, []).append(split)
    return found


def splits_table(splits: list[ComparedSplit], footnotes: Footnotes) -> list[list[str]]:
    """A header, and a row a way; what a way shares with the one above it is left blank."""
    rows = [HEADER]
    for split in splits:
        keys = [split.model, split.input, split.precision, split.backend]
        for way in split.ways:
            rows.append([*keys, *_way_texts(way, footnotes)])
            keys = [""] * len(keys)
    return rows


def split_sentence(split: ComparedSplit) -> str:
    """What it does, on one backend, to move work out of the engine; in one sentence."""
    where = f"{split.model} at {split.input}, {split.precision}, {split.backend}"
    clauses = [_clause(way) for way in split.ways if way.outside]
    return f"{where}: {'; '.join(clauses)}."


def unanswered(splits: list[ComparedSplit]) -> list[str]:
    """Why splits have no number at all: each reason with all that it is the reason of."""
    about: dict[str, dict[str, set[str]]] = {}  # reason, precision and backend, networks
    for split in splits:
        if not _has_numbers(split):
            for way in split.ways:
                players = about.setdefault(_reason(way), {})
                networks = players.setdefault(f"{split.precision} on {split.backend}", set())
                networks.add(f"{split.model} at {split.input}")
    lines = []
    for reason, players in about.items():
        alike: dict[frozenset[str], list[str]] = {}
        for player, networks in players.items():
            alike.setdefault(frozenset(networks), []).append(player)
        for shared, names in alike.items():
            lines.append(f"{reason}: {', '.join(names)}, for {', '.join(sorted(shared))}")
    return lines


def _has_numbers(split: ComparedSplit) -> bool:
    return any(way.answer.measured for way in split.ways)


def _reason(way: Way) -> str:
    return f"{way.answer.outcome}: {way.answer.reason}"


def _way_texts(way: Way, footnotes: Footnotes) -> list[str]:
    behind = NOTHING if way.behind_ms is None else number(way.behind_ms)
    fastest = "fastest" if way.answer.measured else NOTHING
    if way.to_fastest is not None:
        fastest = ratio_text(way.to_fastest)
    return [way.alternative, answer_text(way.answer, footnotes), behind, fastest]


def _clause(way: Way) -> str:
    moving = f"moving {way.outside} out of the engine"
    if way.to_engine is None:
        reason = _reason(way) if way.answer.measured is None else "the engine has no number"
        return f"{moving} could not be compared ({reason})"
    ratio = way.to_engine.ratio
    if way.to_engine.verdict == "no difference":
        floor = way.to_engine.noise_floor
        assert floor is not None
        return f"{moving} makes no difference beyond the noise floor of {_percent(100 * floor)} %"
    undecided = " may be nothing: it" if way.to_engine.verdict == "undecided" else ""
    changes = [100 * (one - 1) for one in (ratio.value, ratio.low, ratio.high)]
    if ratio.value > 1:
        value, low, high = map(_percent, changes)
        return f"{moving}{undecided} costs {value} % [{low}, {high}]"
    value, high, low = (_percent(-change) for change in changes)
    return f"{moving}{undecided} saves {value} % [{low}, {high}]"


def _percent(value: float) -> str:
    """A percentage with two digits at least: `123`, `12`, `1.2`, `0.1`."""
    return f"{value:.0f}" if abs(round(value, 1)) >= 10 else f"{value:.1f}"
