"""The sections of a suite's page: tables, sentences, and plots that are drawn beside it."""

from pathlib import Path

from retable.comparing.comparison import ComparedSplit, Comparison, Compiled, Scoring
from retable.pages.compilations import compiled_table, setting_sentences
from retable.pages.plots import draw, draw_accuracy, draw_splits, drawable, has_answers
from retable.pages.rendering import render
from retable.pages.setting_plots import draw_against, draw_speed_ups
from retable.pages.splits import split_sentence, splits_table, unanswered, works
from retable.pages.texts import (
    Footnotes,
    agreement_text,
    drops_text,
    floors_text,
    paces_text,
    scores_table,
    table_header,
    table_rows,
    unscored_reasons,
)


def page_of(comparison: Comparison, template: Path, path: Path) -> str:
    """The page that is to lie at `path`; its plots are drawn there."""
    footnotes = Footnotes()
    tables = [
        {"table": table, "rows": [table_header(table), *table_rows(table, footnotes)]}
        for table in comparison.tables
    ]
    splits = _splits(comparison.splits, path, footnotes)
    return render(
        template,
        comparison=comparison,
        tables=tables,
        splits=splits,
        compilation=_compilation(comparison.compiled, path, footnotes),
        unanswered=unanswered(comparison.splits),
        footnotes=footnotes,
        plots=_plots(comparison, path),
        coverage=_coverage(comparison),
        agreement_text=agreement_text,
        floors_text=floors_text,
        paces_text=paces_text,
        paced=any(one.paces for one in comparison.sessions),
        drops_text=drops_text,
        scorings=_scorings(comparison.scorings, path, footnotes),
    )


def _splits(
    splits: list[ComparedSplit], page: Path, footnotes: Footnotes
) -> list[dict[str, object]]:
    """For each work its table, its sentences and its plot, drawn beside the page."""
    sections: list[dict[str, object]] = []
    for index, (work, found) in enumerate(works(splits).items(), start=1):
        path = page.with_name(f"{page.stem}-splits-{index}.png")
        draw_splits(work, found, path)
        sections.append(
            {
                "work": work,
                "table": splits_table(found, footnotes),
                "sentences": [split_sentence(split) for split in found],
                "plot": path.name,
            }
        )
    return sections


def _scorings(scorings: list[Scoring], page: Path, footnotes: Footnotes) -> list[dict[str, object]]:
    """For each data set its table, or why there is none, and its plot, drawn beside the page."""
    sections: list[dict[str, object]] = []
    for index, scoring in enumerate(scorings, start=1):
        reasons = unscored_reasons(scoring)
        path = page.with_name(f"{page.stem}-accuracy-{index}.png")
        if drawable(scoring):
            draw_accuracy(scoring, path)
        sections.append(
            {
                "scoring": scoring,
                "reasons": reasons,
                "table": None if reasons else scores_table(scoring, footnotes),
                "plot": path.name if drawable(scoring) else None,
            }
        )
    return sections


def _compilation(
    compiled: list[Compiled], page: Path, footnotes: Footnotes
) -> dict[str, object] | None:
    """The sentences, the table and the plot of what is compiled; None where nothing could be."""
    if not compiled:
        return None
    plot = None
    if any(one.to_plain for one in compiled):
        plot = page.with_name(f"{page.stem}-compiled.png")
        draw_speed_ups(compiled, plot)
    return {
        "sentences": setting_sentences(compiled),
        "table": compiled_table(compiled, footnotes),
        "plot": plot.name if plot else None,
    }


def _coverage(comparison: Comparison) -> dict[str, float] | None:
    """How many launches an interval spans, and how probably it holds the truth."""
    for table in comparison.tables:
        for cell in table.cells:
            for answer in cell.answers:
                if answer.measured is not None:
                    return {
                        "launches": answer.launches,
                        "probability": answer.measured.coverage,
                    }
    return None


def _plots(comparison: Comparison, page: Path) -> list[dict[str, str]]:
    """Draw every plot of which something was found here; returns title and file name of each."""
    by_name = {table.table: table for table in comparison.tables}
    drawn = []
    for index, plot in enumerate(comparison.plots, start=1):
        tables = [by_name[name] for name in (plot.table, plot.against) if name is not None]
        if not has_answers(plot, tables):
            continue
        path = page.with_name(f"{comparison.suite}-{index}.png")
        if plot.against is None:
            draw(plot, tables[0], path)
        else:
            draw_against(plot, tables[0], tables[1], path)
        drawn.append({"title": plot.title, "file": path.name})
    return drawn
