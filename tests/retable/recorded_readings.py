"""A machine's readings, as they were taken somewhere or laid out by hand."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from retable.errors import RetableError


class Recorded:
    """Readings of what is given: files by path, outputs by command line; `later` a second on.

    A command that is given as `None` does not end; one that is not given does not exist.
    """

    def __init__(
        self,
        files: Mapping[str, str] = {},
        outputs: Mapping[str, str | None] = {},
        later: Mapping[str, str] = {},
    ) -> None:
        self._files, self._outputs, self._later = files, outputs, later

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def texts(self, pattern: str) -> dict[str, str]:
        return _matching(self._files, pattern)

    def apart(self, *patterns: str) -> tuple[dict[str, str], dict[str, str]]:
        first: dict[str, str] = {}
        second: dict[str, str] = {}
        for pattern in patterns:
            first |= _matching(self._files, pattern)
            second |= _matching({**self._files, **self._later}, pattern)
        return first, second

    def output(self, *command: str) -> str | None:
        line = " ".join(command)
        if line in self._outputs and self._outputs[line] is None:
            raise RetableError(f"`{line}` did not end in 3.0 s")
        return self._outputs.get(line)


def _matching(files: Mapping[str, str], pattern: str) -> dict[str, str]:
    """As a shell does: a star stands for no slash."""
    return {
        path: files[path]
        for path in sorted(files)
        if path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
    }
