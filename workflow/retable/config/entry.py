"""Reading one YAML file into its typed form; errors name the file, the key and the mend."""

import difflib
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from retable.errors import RetableError

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$")]
PluginName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
InputSize = Annotated[str, Field(pattern=r"^[1-9][0-9]*x[1-9][0-9]*$")]
_DOCKER_HOST = re.compile(
    r"unix:///\S+|tcp://[^\s/]+|ssh://([^@/\s-][^@/\s]*@)?[A-Za-z0-9_.][^:/@\s]*(:\d{1,5})?(/\S+)?"
)


def docker_host(address: str) -> str:
    """The address, if it is one as in DOCKER_HOST; else a ValueError."""
    if not _DOCKER_HOST.fullmatch(address):
        raise ValueError(f"{address!r} is no ssh://[user@]host[:port] and no unix:///path")
    return address


DockerHost = Annotated[str, AfterValidator(docker_host)]
Scalar = bool | int | float | str


class Entry(BaseModel):
    """A part of a configuration file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


EntryType = TypeVar("EntryType", bound=Entry)


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML as usual, but a key that stands twice is an error and not a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)  # noqa: S506
    except FileNotFoundError:
        raise RetableError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise RetableError(f"{path}: {where}{problem}") from None


def read_entry(kind: type[EntryType], path: Path) -> EntryType:
    return parse_entry(kind, read_yaml(path), str(path))


def parse_entry(kind: type[EntryType], value: Any, origin: str) -> EntryType:
    """Check `value` (from the file or option named `origin`) against `kind`."""
    if not isinstance(value, dict):
        raise RetableError(f"{origin}: a mapping of keys to values is expected here")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise RetableError(f"{origin}: {_sentence(kind, error)}") from None


def listed(names: str) -> list[str]:
    """The names of an option that takes several with commas between."""
    return [name.strip() for name in names.split(",")]


def nearest(word: str, known: list[str]) -> str:
    """Name the known word that `word` was probably meant to be, or list all of them."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def _sentence(kind: type[BaseModel], error: ValidationError) -> str:
    errors = error.errors(include_url=False)
    # A required key that is misspelt is missing, too: the misspelling says more.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    location = first["loc"]
    where = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        known = _keys_at(kind, location[:-1])
        return f"unknown key {where!r}; {nearest(str(location[-1]), known)}"
    if first["type"] == "missing":
        return f"the key {where!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    shown = f" (given: {given!r})" if isinstance(given, Scalar) else ""
    return f"{where}: {message}{shown}" if where else f"{message}{shown}"


def _keys_at(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names that are known where `location` leads, walking through lists and mappings."""
    annotation: Any = kind
    for part in location:
        annotation = _inside(annotation, str(part))
    model = _model_in(annotation)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _inside(annotation: Any, part: str) -> Any:
    """The annotation of what stands under the key or index `part`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields[part].annotation
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, list):
        return arguments[-1]
    return next((_inside(one, part) for one in arguments if _model_in(one)), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `dict[str, list[Model]] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_model_in(argument) for argument in get_args(annotation)]
    return next((model for model in found if model is not None), None)
