"""The TensorRT code checked by mypy, against stubs of one version of the library or another.

The published stubs (PyPI, tensorrt-stubs) and those that stubgen makes of a module both hold a few
signatures that are no Python, since they were made of C++ docstrings: these take anything here.
"""

import ast
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CHECKED = Path("workflow", "retable_runner", "trt")
UNREADABLE = re.compile(r"^(\s*)def (\w+)\(.*$")
SHADOWING = re.compile(r"^bool: .*$", re.MULTILINE)  # tensorrt.bool would be what `-> bool` means


def published(folder):
    """Write the published stubs to `folder`; return their version, or None if not installed."""
    try:
        package = metadata.distribution("tensorrt-stubs")
    except metadata.PackageNotFoundError:
        return None
    for file in package.files:
        if file.suffix == ".pyi":
            write_repaired(file.read_text(), folder / file)
    return package.version


def generated(folder, python, module):
    """Have stubgen make stubs of `module`, as the interpreter `python` has it, as `tensorrt`."""
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    made = folder / "stubgen"
    subprocess.run(
        [TOOLS / "stubgen", "--quiet", "--inspect-mode", "--output", made]
        + ["-m", f"{module}_bindings.{module}"],
        check=True,
        env={**os.environ, "PYTHONPATH": where},
    )
    (found,) = made.rglob(f"{module}.pyi")
    text = found.read_text().replace(f"{module}_bindings.{module}.", "")
    write_repaired(text + "\n__version__: str\n", folder / "tensorrt" / "__init__.pyi")


def write_repaired(text, path):
    """Write a stub file, its unreadable signatures replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(repaired(text))


def repaired(text):
    """Replace each signature that Python cannot read by one that takes, and gives, anything."""
    lines = SHADOWING.sub("", text).splitlines()
    while True:
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            assert error.lineno
            line = lines[error.lineno - 1]
            found = UNREADABLE.match(line)
            assert found, f"line {error.lineno} is no signature: {line}"
            body = " ..." if line.rstrip().endswith("...") else ""
            lines[error.lineno - 1] = f"{found[1]}def {found[2]}(*args, **kwargs):{body}"
        else:
            return "\n".join(lines) + "\n"


def check(stubs, code=ROOT):
    """Check the TensorRT code under `code` against the stubs in a folder; return mypy's process."""
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml"]
        + ["--cache-dir", stubs / "cache", "--no-error-summary", CHECKED],
        cwd=code,
        env={**os.environ, "MYPYPATH": str(stubs)},
        capture_output=True,
        text=True,
    )
