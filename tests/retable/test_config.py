"""Configuration files and `--config`: a mistake stops with the file, the key and the mend."""

import shutil
from pathlib import Path

import pytest

from retable.config.device import Device
from retable.config.entry import Entry, parse_entry, read_entry, read_yaml
from retable.config.load import Configuration, load_configuration
from retable.config.model import Model
from retable.config.settings import load_settings
from retable.config.suite import Expectation, Point, Suite
from retable.errors import RetableError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """A copy of the configuration, to be damaged."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return load_configuration(tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def sentence(caught: pytest.ExceptionInfo[RetableError]) -> str:
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (kind, path)
        for folder, kind in (("devices", Device), ("models", Model), ("suites", Suite))
        for path in sorted((ROOT / "config" / folder).glob("*.yaml"))
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else value.__name__,
)
def test_every_shipped_file_is_listed_under_its_name(kind: type[Entry], path: Path) -> None:
    folder = getattr(load_configuration(ROOT), path.parent.name)
    assert path.stem in list(folder)
    assert folder[path.stem] == read_entry(kind, path)


def test_the_shipped_settings_are_those_of_the_first_command() -> None:
    settings = load_settings(ROOT, {})
    assert (settings.device, settings.suite, settings.budget) == ("cpu", "fast-scnn", "quick")


def test_a_misspelt_key_names_the_file_and_the_nearest(configuration: Configuration) -> None:
    path = configuration.devices.file("cpu")
    edit(path, "runtime:", "runtme:")
    with pytest.raises(RetableError) as caught:
        configuration.devices["cpu"]
    assert sentence(caught) == f"{path}: unknown key 'runtme'; did you mean 'runtime'?"


@pytest.mark.parametrize(
    ("old", "new", "key", "meant"),
    [
        ("    field: latency_sum", "    feild: latency_sum", "tables.0.case.feild", "field"),
        ("{precision: fp16}", "{precison: fp16}", "tables.0.columns.FP16.precison", "precision"),
        ("{input: 384x384}", "{inptu: 384x384}", "tables.0.rows.0.384x384.inptu", "input"),
        ("expect: {below: 1}", "expect: {belwo: 1}", "claims.0.expect.belwo", "below"),
        ("device_label: J", "device_labl: J", "tables.0.device_labl", "device_label"),
    ],
)
def test_a_misspelt_key_deep_in_a_suite_is_named_by_its_path(
    configuration: Configuration, old: str, new: str, key: str, meant: str
) -> None:
    path = configuration.suites.file("fast-scnn")
    edit(path, old, new)
    with pytest.raises(RetableError) as caught:
        configuration.suites["fast-scnn"]
    assert sentence(caught) == f"{path}: unknown key {key!r}; did you mean {meant!r}?"


def test_a_key_like_none_lists_what_is_known(configuration: Configuration) -> None:
    path = configuration.devices.file("cpu")
    edit(path, "    environment: cpu", "    qqq: cpu")
    with pytest.raises(RetableError) as caught:
        configuration.devices["cpu"]
    assert "unknown key 'backends.openvino.qqq'; known: " in sentence(caught)
    assert sentence(caught).endswith("precisions, program, roles, source, unsupported")


def test_a_label_that_is_also_a_key_does_not_hide_the_known_keys() -> None:
    """A column may be called `model`; the keys below it are still those of a point."""
    suite = read_yaml(ROOT / "config" / "suites" / "fast-scnn.yaml")
    suite["tables"][0]["columns"] = {"model": {"precison": "fp16"}}
    with pytest.raises(RetableError, match="did you mean 'precision'"):
        parse_entry(Suite, suite, "x.yaml")


def test_a_missing_key_is_named(configuration: Configuration) -> None:
    edit(configuration.models.file("unet"), "exporter:", "# exporter:")
    with pytest.raises(RetableError, match=r"models/unet\.yaml: the key 'exporter' is missing$"):
        configuration.models["unet"]


def test_a_wrong_value_is_shown_with_what_is_possible(configuration: Configuration) -> None:
    edit(configuration.devices.file("cpu"), "memory: host", "memory: hots")
    with pytest.raises(RetableError) as caught:
        configuration.devices["cpu"]
    assert "memory: Input should be 'host' or 'device' (given: 'hots')" in sentence(caught)


@pytest.mark.parametrize(
    ("kind", "word", "asked", "meant"),
    [
        ("devices", "device", "jetson-nanoo", "jetson-nano"),
        ("models", "model", "fast-scn", "fast-scnn"),
        ("suites", "suite", "fastscnn", "fast-scnn"),
    ],
)
def test_an_unknown_name_gives_the_nearest(
    configuration: Configuration, kind: str, word: str, asked: str, meant: str
) -> None:
    with pytest.raises(RetableError) as caught:
        getattr(configuration, kind)[asked]
    assert sentence(caught).startswith(f"unknown {word} {asked!r}: no file ")
    assert sentence(caught).endswith(f"config/{kind}/{asked}.yaml; did you mean {meant!r}?")


def test_a_file_named_unlike_what_it_says_is_refused(configuration: Configuration) -> None:
    path = configuration.devices.file("cpu")
    path.rename(path.with_name("desk.yaml"))
    with pytest.raises(RetableError) as caught:
        configuration.devices["desk"]
    assert sentence(caught).endswith("desk.yaml: device: 'cpu' is not the file's name")


def test_a_fault_in_one_file_stops_only_its_users(configuration: Configuration) -> None:
    configuration.devices.file("t4").write_text("{")
    assert configuration.devices["cpu"].device == "cpu"
    with pytest.raises(RetableError, match="t4.yaml"):
        configuration.devices["t4"]


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    with pytest.raises(RetableError) as caught:
        read_yaml(path)
    assert sentence(caught) == f"{path}: line 5: the key 'c' stands twice"


def test_a_merged_key_may_be_given_again(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")
    assert read_yaml(path)["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize("text", ["", "- a\n", "words\n", "3\n"])
def test_what_is_no_mapping_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(RetableError, match=r"x\.yaml: a mapping of keys to values is expected"):
        read_entry(Device, path)


def test_what_is_no_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(RetableError, match=r"x\.yaml: line \d: "):
        read_entry(Device, path)
    with pytest.raises(RetableError, match=r"y\.yaml: no such file"):
        read_entry(Device, tmp_path / "y.yaml")


@pytest.mark.parametrize(
    "weights", ["{licence: MIT}", "{url: 'https://host/a', unpublished: nobody has them}"]
)
def test_weights_are_either_somewhere_or_nowhere(
    configuration: Configuration, weights: str
) -> None:
    path = configuration.models.file("unet")
    head, _, _ = path.read_text().partition("weights:")
    path.write_text(f"{head}weights: {weights}\n")
    with pytest.raises(RetableError) as caught:
        configuration.models["unet"]
    assert sentence(caught).startswith(f"{path}: weights: give either 'url'")


@pytest.mark.parametrize("bounds", [{}, {"below": 1, "above": 2}, {"below": 1, "between": [1, 2]}])
def test_a_claim_expects_exactly_one_thing(bounds: dict[str, object]) -> None:
    with pytest.raises(RetableError, match="x: give exactly one of 'below', 'above', 'between'"):
        parse_entry(Expectation, bounds, "x")


@pytest.mark.parametrize(
    ("expectation", "bounds"),
    [
        ({"below": 0.5}, (0, 0.5)),
        ({"above": 3}, (3, float("inf"))),
        ({"between": [0.9, 1.1]}, (0.9, 1.1)),
    ],
)
def test_an_expectation_is_an_interval_of_ratios(
    expectation: dict[str, object], bounds: tuple[float, float]
) -> None:
    assert parse_entry(Expectation, expectation, "x").bounds() == bounds


def test_a_point_laid_over_another_wins_and_options_merge() -> None:
    base = Point(model="a", tail="argmax", options={"threads": 1, "xla": "none"})
    over = Point(tail="none", precision="fp16", options={"xla": "gpu"}).over(base)
    assert (over.model, over.tail, over.precision) == ("a", "none", "fp16")
    assert over.options == {"threads": 1, "xla": "gpu"}
    assert base.options == {"threads": 1, "xla": "none"}
    assert Point().over(base).options == base.options


# Settings


def test_an_option_replaces_what_the_file_says() -> None:
    assert load_settings(ROOT, {"device": "null", "seed": 7}).device == "null"
    assert load_settings(ROOT, {"device": "null", "seed": 7}).seed == 7


def test_an_unknown_option_gives_the_nearest() -> None:
    with pytest.raises(RetableError) as caught:
        load_settings(ROOT, {"devise": "cpu"})
    assert sentence(caught) == (
        "--config or config/config.yaml: unknown key 'devise'; did you mean 'device'?"
    )


@pytest.mark.parametrize(
    ("key", "value", "possible"),
    [
        ("budget", "fast", "'quick', 'standard' or 'strict'"),
        ("weights", "none", "'auto', 'official', 'embedded' or 'random'"),
        ("seed", "one", "valid integer"),
        ("device", "Jetson Nano", "match pattern"),
    ],
)
def test_a_wrong_option_is_shown_with_what_is_possible(key: str, value: str, possible: str) -> None:
    with pytest.raises(RetableError) as caught:
        load_settings(ROOT, {key: value})
    assert f"{key}: " in sentence(caught)
    assert possible in sentence(caught)
    assert f"(given: {value!r})" in sentence(caught)


def test_a_fault_of_the_file_does_not_blame_an_option(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("divice: cpu\n")
    with pytest.raises(RetableError) as caught:
        load_settings(tmp_path, {})
    assert sentence(caught).startswith("config/config.yaml: ")


def test_suites_are_all_or_a_list() -> None:
    known = list(load_configuration(ROOT).suites)
    assert load_settings(ROOT, {"suite": "all"}).suites(known) == sorted(known)
    listed = load_settings(ROOT, {"suite": "paddleseg, fast-scnn"}).suites(known)
    assert listed == ["paddleseg", "fast-scnn"]
