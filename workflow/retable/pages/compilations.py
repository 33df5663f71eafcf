"""The section of a page that says what compiling costs and what it brings."""

from retable.comparing.comparison import Compiled
from retable.comparing.numbers import number, ratio_text
from retable.pages.texts import NOTHING, Footnotes, answer_text


def compiled_table(compiled: list[Compiled], footnotes: Footnotes) -> list[list[str]]:
    """A header, and a row a case; what a case shares with the one above it is left blank."""
    header = [
        "Model",
        "Input",
        "Backend",
        "Setting",
        "steady state, median (ms)",
        "to nothing compiled",
        "clusters",
        "compiling (s)",
        "first call (ms)",
    ]
    rows, above = [header], [""] * 3
    for one in compiled:
        keys = [one.model, one.input, one.backend]
        rows.append([*([""] * 3 if keys == above else keys), *_texts(one, footnotes)])
        above = keys
    return rows


def setting_sentences(compiled: list[Compiled]) -> list[str]:
    """What each setting compiles, how long that takes and what comes of it, over all networks."""
    settings = dict.fromkeys((one.backend, one.setting) for one in compiled if one.to_plain)
    return [
        _sentence(
            f"{setting} on {backend}", [one for one in compiled if _is(one, backend, setting)]
        )
        for backend, setting in settings
    ]


def _is(one: Compiled, backend: str, setting: str) -> bool:
    return (one.backend, one.setting) == (backend, setting) and one.to_plain is not None


def _sentence(name: str, found: list[Compiled]) -> str:
    verdicts = [one.to_plain.verdict for one in found if one.to_plain is not None]
    counts = ", ".join(
        f"{word} in {verdicts.count(word)}"
        for word in ("faster", "slower", "no difference", "undecided")
        if word in verdicts
    )
    many = "1 network" if len(found) == 1 else f"{len(found)} networks"
    compiling = [one for one in found if one.clusters]
    if not compiling:
        return f"{name}: nothing is compiled in any of {many}; {counts}."
    clusters = _range([one.clusters for one in compiling])
    seconds = _range([one.compile_s for one in compiling])
    return (
        f"{name}: compiles in {len(compiling)} of {many}, {clusters} clusters in {seconds} s; "
        f"{counts}."
    )


def _range(values: list[float | None]) -> str:
    known = sorted(value for value in values if value is not None)
    texts = list(dict.fromkeys(_plain(value) for value in (known[0], known[-1])))
    return " to ".join(texts)


def _plain(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.0f}" if value == int(value) else number(value)


def _texts(one: Compiled, footnotes: Footnotes) -> list[str]:
    return [
        one.setting,
        answer_text(one.answer, footnotes),
        ratio_text(one.to_plain) if one.to_plain else NOTHING,
        _plain(one.clusters) + (f" and {one.late} while timed" if one.late else ""),
        _plain(one.compile_s),
        NOTHING if one.first_call_ms is None else number(one.first_call_ms),
    ]
