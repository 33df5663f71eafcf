"""Repair the Object Detection API in the environment that runs this: see README.md of containers/.

Its package on PyPI (2.8.0.post1) was made for protobuf 3 and imports TensorFlow I/O for file
systems that nobody here has. Twice run, it changes nothing more.
"""

import ast
import compileall
import importlib.util
from pathlib import Path

PACKAGE = "object_detection"
STUB = "tensorflow_io.py"
STUB_TEXT = '''"""In the place of TensorFlow I/O, which the Object Detection API imports, unused."""
'''
# As protobuf's own compiler writes them since 3.19; the descriptors are those of the old file.
MODULE = '''"""Messages of {name}.proto, from the descriptors that the package has."""

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

{imports}
DESCRIPTOR = descriptor_pool.Default().AddSerializedFile({serialized!r})
builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, {module!r}, globals())
'''


def main() -> None:
    """Rewrite the old messages' modules, and leave the stub."""
    folder = Path(importlib.util.find_spec(PACKAGE).origin).parent
    old = [path for path in sorted(folder.glob("protos/*_pb2.py")) if rewritten(path)]
    for path in old:
        path.write_text(rewritten(path), encoding="utf-8")
    if importlib.util.find_spec("tensorflow_io") is None:
        (folder.parent / STUB).write_text(STUB_TEXT, encoding="utf-8")
    compileall.compile_dir(folder / "protos", quiet=1)
    print(f"{len(old)} modules of messages rewritten in {folder / 'protos'}")


def rewritten(path: Path) -> "str | None":
    """The text of a module of messages as protobuf 4 takes it; None if it is one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    serialized = serialized_file(tree)
    if serialized is None:
        return None
    name = path.name[: -len("_pb2.py")]
    return MODULE.format(
        name=name,
        imports="".join(f"{line}\n" for line in imported_messages(tree)),
        serialized=serialized,
        module=f"{PACKAGE}.protos.{name}_pb2",
    )


def serialized_file(tree: ast.Module) -> "bytes | None":
    """What the module gives as its FileDescriptor's `serialized_pb`, where it builds one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "FileDescriptor":
            for keyword in node.keywords:
                if keyword.arg == "serialized_pb":
                    return ast.literal_eval(keyword.value)
    return None


def imported_messages(tree: ast.Module) -> list[str]:
    """The imports of the other files of messages, which have to be known first."""
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return [ast.unparse(node) for node in found if node.names[0].name.endswith("_pb2")]


if __name__ == "__main__":
    main()
