import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from retable.archives import unpack
from retable.errors import RetableError

# Does not compress, so that cutting an archive anywhere cuts something.
NOISE = os.urandom(50_000)
FILES = {"a.txt": b"first", "inner/b.bin": NOISE, "inner/deep/c.txt": b"third"}
ENDINGS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"]
MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.xz": "w:xz"}


def pack(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
        return path
    ending = next(ending for ending in MODES if path.name.endswith(ending))
    with tarfile.open(path, MODES[ending]) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def tar_of(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "", size: int = 0):
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, to, size
    return made


def zip_of(path: Path, name: str, mode: int, body: bytes = b"") -> Path:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("innocent.txt", b"text")
        archive.writestr(entry, body)
    return path


def refused(archive: Path, named: str) -> str:
    """Unpack over an older folder; the error names archive and member, and nothing has changed."""
    folder = archive.parent / "work" / "out"
    folder.mkdir(parents=True)
    (folder / "older").write_text("kept")
    with pytest.raises(RetableError) as caught:
        unpack(archive, folder)
    message = str(caught.value)
    assert message.startswith(f"{archive}: {named}")
    assert "\n" not in message
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert [path.name for path in folder.iterdir()] == ["older"]
    assert not (archive.parent / "evil").exists()
    return message


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_kind_is_unpacked_and_its_files_listed(tmp_path, ending):
    folder = tmp_path / "data" / "out"
    assert unpack(pack(tmp_path / f"x{ending}", FILES), folder) == [
        folder / "a.txt",
        folder / "inner/b.bin",
        folder / "inner/deep/c.txt",
    ]
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert stat.S_IMODE(folder.stat().st_mode) & 0o500 == 0o500


def test_an_older_folder_is_replaced(tmp_path):
    folder = tmp_path / "out"
    unpack(pack(tmp_path / "old.zip", {"gone": b"1", "both": b"1"}), folder)
    assert unpack(pack(tmp_path / "new.tar", {"both": b"2"}), folder) == [folder / "both"]
    assert (folder / "both").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.tar", "old.zip", "out"]


def test_links_that_stay_inside_are_kept(tmp_path):
    archive = tar_of(
        tmp_path / "x.tar",
        member("a", size=3),
        member("hard", tarfile.LNKTYPE, "a"),
        member("inner/soft", tarfile.SYMTYPE, "../a"),
    )
    folder = tmp_path / "out"
    assert unpack(archive, folder) == [folder / "a", folder / "hard", folder / "inner/soft"]
    assert (folder / "inner/soft").resolve() == folder / "a"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.8])
def test_a_truncated_archive_leaves_nothing(tmp_path, ending, kept):
    archive = pack(tmp_path / f"x{ending}", FILES)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * kept)])
    assert "delete it and fetch it again" in refused(archive, "")


@pytest.mark.parametrize("ending", [".tar.gz", ".tar.xz"])
def test_a_missing_last_byte_is_noticed(tmp_path, ending):
    archive = pack(tmp_path / f"x{ending}", FILES)
    archive.write_bytes(archive.read_bytes()[:-1])
    refused(archive, "")


def test_a_tar_cut_between_two_members_is_noticed(tmp_path):
    archive = pack(tmp_path / "x.tar", {"a": b"1", "b": b"2"})
    archive.write_bytes(archive.read_bytes()[: 2 * tarfile.BLOCKSIZE])
    assert "ends before its end mark" in refused(archive, "table of contents")


def test_a_changed_byte_is_noticed_and_its_member_named(tmp_path):
    archive = pack(tmp_path / "x.zip", FILES)
    body = bytearray(archive.read_bytes())
    body[20_000] ^= 1
    archive.write_bytes(body)
    refused(archive, "inner/b.bin")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_page_of_html_in_place_of_an_archive_is_refused(tmp_path, ending):
    archive = tmp_path / f"x{ending}"
    archive.write_text("<html>Please log in</html>")
    refused(archive, "table of contents")


def test_a_missing_archive_and_an_unknown_ending_are_errors(tmp_path):
    refused(tmp_path / "none.zip", "table of contents")
    with pytest.raises(RetableError, match=r"x\.rar: no archive known by its ending"):
        unpack(tmp_path / "x.rar", tmp_path / "out")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["../evil", "../../evil", "inner/../../../evil", "/tmp/evil"])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path, ending, name):
    archive = pack(tmp_path / f"x{ending}", {"innocent.txt": b"text", name: b"text"})
    assert "its path leaves the folder" in refused(archive, name)


@pytest.mark.parametrize(
    "hostile",
    [
        member("m", tarfile.SYMTYPE, "../../evil"),
        member("m", tarfile.SYMTYPE, "/etc/passwd"),
        member("m", tarfile.LNKTYPE, "../../evil"),
        member("m", tarfile.LNKTYPE, "/etc/passwd"),
        member("m", tarfile.CHRTYPE),
        member("m", tarfile.BLKTYPE),
        member("m", tarfile.FIFOTYPE),
    ],
    ids=lambda made: f"{made.type.decode()}-{made.linkname}",
)
def test_links_out_of_the_folder_and_devices_in_a_tar_are_refused(tmp_path, hostile):
    archive = tar_of(tmp_path / "x.tar", member("innocent.txt", size=3), hostile)
    assert "do not trust this archive" in refused(archive, "m: refused")


def test_a_tar_cannot_write_through_its_own_link(tmp_path):
    archive = tar_of(
        tmp_path / "x.tar", member("m", tarfile.SYMTYPE, "../.."), member("m/evil", size=3)
    )
    refused(archive, "m: refused")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind):
    archive = zip_of(tmp_path / "x.zip", "m", kind | 0o777, b"../../evil")
    assert "neither a file nor a folder" in refused(archive, "m: refused")


def test_a_file_where_another_member_needs_a_folder_is_an_error(tmp_path):
    archive = pack(tmp_path / "x.tar", {"a": b"1", "a/b": b"2"})
    refused(archive, "a/b")
