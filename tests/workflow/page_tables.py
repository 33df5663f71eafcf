"""Reading a page back: the markdown tables below its headings."""


def table_below(page: str, heading: str) -> list[dict[str, str]]:
    """The rows of the first table below a heading, by the names of their columns.

    A key that the page leaves blank because it repeats the row above is filled in.
    """
    lines = page.split(f"\n## {heading}\n", 1)[1].splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    header = _cells(lines[start])
    rows: list[dict[str, str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        row = dict(zip(header, _cells(line), strict=True))
        if rows and not row[header[0]]:
            row[header[0]] = rows[-1][header[0]]
        rows.append(row)
    assert rows, f"no rows below {heading!r}"
    return rows


def footnote(page: str, cell: str) -> str:
    """The text of the footnote whose mark stands in a cell."""
    mark = cell[cell.index("[") :] if cell.startswith(("–", "*")) else cell[cell.rindex("[") :]
    return next(
        line.removeprefix(f"- {mark} ")
        for line in page.splitlines()
        if line.startswith(f"- {mark} ")
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
