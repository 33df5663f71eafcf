import stat

import pytest

from retable.errors import RetableError
from retable.files import artifact, read_json, replacing, verified, write_json, write_text


def test_a_file_appears_whole_in_a_folder_that_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "x.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"
    assert [one.name for one in path.parent.iterdir()] == ["x.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_raises_leaves_nothing_behind(tmp_path, error):
    with pytest.raises(error), replacing(tmp_path / "x") as temporary:
        temporary.write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_raises_leaves_the_older_file(tmp_path):
    write_text(tmp_path / "x", "older")
    with pytest.raises(ValueError), replacing(tmp_path / "x") as temporary:
        temporary.write_text("half")
        raise ValueError
    assert (tmp_path / "x").read_text() == "older"


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], object()])
def test_what_json_cannot_hold_does_not_replace_what_was_there(tmp_path, value):
    write_json(tmp_path / "x.json", {"kept": "ü"})
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == {"kept": "ü"}


def test_an_artifact_is_verified_until_it_changes(tmp_path):
    path = tmp_path / "engine.bin"
    path.write_bytes(b"0123456789")
    wanted = artifact(path)
    assert wanted.bytes == 10
    assert verified(wanted) == path


@pytest.mark.parametrize("content", [b"01234", b"0123456780", b"0123456789+", b""])
def test_a_truncated_or_changed_artifact_is_one_sentence(tmp_path, content):
    path = tmp_path / "engine.bin"
    path.write_bytes(b"0123456789")
    wanted = artifact(path)
    path.write_bytes(content)
    with pytest.raises(RetableError) as caught:
        verified(wanted)
    assert str(caught.value).startswith(f"{path}: not the 10 bytes that were recorded")
    assert "delete it and its .json and run again" in str(caught.value)


def test_a_missing_artifact_is_one_sentence(tmp_path):
    path = tmp_path / "engine.bin"
    path.write_bytes(b"0123456789")
    wanted = artifact(path)
    path.unlink()
    with pytest.raises(RetableError, match="no longer there; delete its .json and run again"):
        verified(wanted)
    path.mkdir()
    with pytest.raises(RetableError, match="no longer there"):
        verified(wanted)
