"""Numbers as people read them."""

import math

from retable.comparing.comparison import Interval, Versus


def number(value: float) -> str:
    """Four significant digits, no exponent: `0.01234`, `12.34`, `1234`."""
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def times(ratio: float) -> str:
    """A ratio with two digits behind the point, or two significant ones: `1.05x`, `0.0049x`."""
    return f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.2g}x"


def spread(measured: Interval) -> str:
    """A value with its interval: `12.34 [12.30, 12.51]`."""
    return f"{number(measured.value)} [{number(measured.low)}, {number(measured.high)}]"


def ratio_text(versus: Versus) -> str:
    """A ratio with its interval, and what it is where it is neither faster nor slower."""
    ratio = versus.ratio
    said = "" if versus.verdict in ("faster", "slower") else f", {versus.verdict}"
    return f"{times(ratio.value)} [{ratio.low:.2f}, {ratio.high:.2f}]{said}"
