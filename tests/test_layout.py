"""The form of the rules. (The borders between the packages are `make lint`'s.)"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "workflow"
RULE_FILES = sorted(path for path in (WORKFLOW / "rules").glob("*.smk") if path.stem != "common")
# Rules that only name what others make.
WITHOUT_COMMAND = {"engines"}


def rules_of(path: Path) -> dict[str, str]:
    """The rules of a file: name -> body."""
    _, *parts = re.split(r"^rule (\w+):\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def section(body: str, name: str) -> str:
    """What stands under a keyword of a rule, such as `log`; empty if it is not there."""
    found = re.search(rf"^    {name}:\n((?:        .*\n|\n)+)", body + "\n", re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rules_file_is_named_for_a_rule_and_says_what_goes_in_and_out(path):
    assert path.stem in rules_of(path)
    first, second = path.read_text().splitlines()[:2]
    assert first.startswith("# in: ")
    assert second.startswith("# out: ")


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_is_one_quoted_command_with_a_log(path):
    for name, body in rules_of(path).items():
        if name in WITHOUT_COMMAND:
            assert not section(body, "output")
            continue
        assert not re.search(r"^    (run|script|notebook|wrapper):", body, re.MULTILINE)
        command = "".join(re.findall(r'"(.*)"', section(body, "shell")))
        assert command.startswith(f"python -m retable {name} ")
        assert not re.search(r"[;|&<>`$]", command)
        assert re.findall(r"{[^}]*}", command)
        for placeholder in re.findall(r"{([^}]*)}", command):
            assert placeholder.endswith(":q"), f"{name}: {placeholder} is not quoted"
        assert section(body, "log").strip().startswith(f'"results/logs/{name}/')


def test_every_rules_file_is_included():
    included = re.findall(r'^include: "(.*)"', (ROOT / "Snakefile").read_text(), re.MULTILINE)
    assert sorted(included) == sorted(
        str(path.relative_to(ROOT)) for path in (WORKFLOW / "rules").glob("*.smk")
    )
    assert "def " not in (ROOT / "Snakefile").read_text()
