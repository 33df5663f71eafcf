"""Markdown tables, as the benchmarks print them."""

from collections.abc import Iterable, Sequence

from retable_statistics.launches import Estimate


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table: its first column to the left, the others to the right."""
    rule = [":---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def size_text(size_bytes: int) -> str:
    """Say a size in binary units, whole ones: `4 B`, `256 KiB`, `1 MiB`."""
    for unit, factor in (("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes % factor == 0:
            return f"{size_bytes // factor} {unit}"
    return f"{size_bytes} B"


def microseconds(time_s: Estimate) -> str:
    """Say a time with its interval."""
    return f"{time_s.value * 1e6:.1f} [{time_s.low * 1e6:.1f}, {time_s.high * 1e6:.1f}]"


def ratio_text(ratio: Estimate, digits: int = 3) -> str:
    """Say a ratio with its interval, so many digits behind the point."""
    return f"{ratio.value:.{digits}f} [{ratio.low:.{digits}f}, {ratio.high:.{digits}f}]"
