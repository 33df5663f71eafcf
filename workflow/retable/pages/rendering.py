"""Templates of pages: Markdown, whose tables hold any text."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2

from retable.comparing.numbers import number


def render(template: Path, **names: Any) -> str:
    """Render a template file; a name that is missing is an error, not an empty place."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # markdown, from our own files
    )
    filters: dict[str, Callable[..., str]] = {
        "table": table_text,
        "escaped": escaped,
        "number": number,
    }
    environment.filters.update(filters)
    return environment.from_string(template.read_text(encoding="utf-8")).render(**names)


def table_text(rows: Sequence[Sequence[str]], labels: int) -> str:
    """A table in Markdown, its header first: `labels` columns of words, then numbers."""
    header, *others = (f"| {' | '.join(map(escaped, row))} |" for row in rows)
    rule = "|" + ":---|" * labels + "---:|" * (len(rows[0]) - labels)
    return "\n".join([header, rule, *others])


def escaped(text: str) -> str:
    """Text that stays within its cell of a markdown table."""
    return " ".join(text.replace("|", "\\|").split("\n"))
