"""Which cases of its suites a run is asked for, by model and by input; the others are not run."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from retable.cases import Ending, Request
from retable.config.entry import listed, nearest
from retable.errors import RetableError

ALL = "all"


@dataclass(frozen=True)
class Selection:
    """What `--config` says of each: "all", or several names with commas between."""

    models: str = ALL
    inputs: str = ALL

    def ending(self, request: Request) -> Ending | None:
        """Why a request is not run; None: it is."""
        for key, chosen, of in self._keys():
            if of(request) not in chosen:
                return Ending("unavailable", f"not selected (--config {key}=...)")
        return None

    def check(self, requests: Collection[Request]) -> None:
        """One sentence where something is named that none of the requests has."""
        for key, chosen, of in self._keys():
            known = {of(request) for request in requests}
            for name in chosen:
                if name not in known:
                    raise RetableError(
                        f"--config {key}: no suite of this run has the {key[:-1]} {name!r}; "
                        f"{nearest(name, list(known))}"
                    )

    def _keys(self) -> Iterator[tuple[str, list[str], Callable[[Request], str]]]:
        """The keys that leave something out: name, what is chosen, what a request has of it."""
        for key, said, of in (
            ("models", self.models, lambda request: request.model),
            ("inputs", self.inputs, lambda request: request.input),
        ):
            if said != ALL:
                yield key, listed(said), of


EVERYTHING = Selection()
