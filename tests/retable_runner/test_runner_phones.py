"""Which phone is meant, from what adb lists, files to a phone and back, and what is left on it."""

import subprocess

import pytest

from retable_runner import phones
from retable_runner.errors import ConnectionLost, Unavailable

LISTING = "* daemon started successfully\nList of devices attached\n{}\n\n"
ONE, TWO = "0123456789ABCDEF\t{}", "emulator-5554\tdevice"


@pytest.mark.parametrize("serial", [None, "0123456789ABCDEF"])
def test_the_only_phone_is_meant_or_the_one_that_is_named(serial):
    assert phones.chosen(LISTING.format(ONE.format("device")), serial) == "0123456789ABCDEF"


def test_one_of_two_phones_must_be_named():
    listing = LISTING.format(ONE.format("device") + "\n" + TWO)
    assert phones.chosen(listing, "emulator-5554") == "emulator-5554"
    with pytest.raises(Unavailable, match="sees 2 phones, 0123456789ABCDEF, emulator-5554: say"):
        phones.chosen(listing, None)


@pytest.mark.parametrize(
    ("line", "serial", "words"),
    [
        ("", None, "adb sees no phone"),
        ("", "X1", "the phone X1 is not there: adb sees none"),
        (TWO, "X1", "the phone X1 is not there: adb sees emulator-5554"),
        (ONE.format("unauthorized"), None, "has not allowed this computer"),
        (ONE.format("offline"), None, "is offline"),
        (ONE.format("no permissions (user in plugdev group?); see [x]"), None, "udev"),
        (ONE.format("recovery"), None, "is in the state 'recovery'"),
    ],
)
def test_a_phone_that_cannot_be_used_says_why(line, serial, words):
    with pytest.raises(Unavailable) as caught:
        phones.chosen(LISTING.format(line), serial)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_go_to_the_phone_and_back_and_nothing_stays(phone, tmp_path):
    data = bytes(range(256)) * 100
    (tmp_path / "there").write_bytes(data)
    with phones.Phone(phone.serial) as one:
        assert phone.here(one.push(str(tmp_path / "there"), "a name")).read_bytes() == data
        one.pull("a name", str(tmp_path / "back"))
        assert one.run(["cat", "none"])[0] == 1
        assert one.run(["sh", "-c", "echo said; echo loud >&2; kill -9 $$"])[0] == -9
        assert one.text(["getprop", "ro.product.model"]) == "Stand-in"
        assert one.text(["false"]) is None
        with pytest.raises(RuntimeError, match="gives no other"):
            one.pull("other", str(tmp_path / "other"))
    assert (tmp_path / "back").read_bytes() == data
    assert list(phone.here(phones.FOLDER).iterdir()) == []


def test_a_phone_that_goes_while_it_takes_a_file_is_lost(phone, adb, tmp_path):
    (tmp_path / "there").write_bytes(b"data")
    with pytest.raises(ConnectionLost), phones.Phone(phone.serial) as one:
        adb.run("disconnect", phone.serial)
        one.push(str(tmp_path / "there"), "name")


def test_in_a_session_a_phone_that_is_missing_was_lost_and_a_forbidden_one_was_not(phone, adb):
    phone.is_allowed = False
    adb.run("disconnect", phone.serial)
    adb.run("connect", phone.serial)
    with pytest.raises(Unavailable, match="has not allowed"), phones.Phone(phone.serial, True):
        pass
    adb.run("disconnect", phone.serial)
    with pytest.raises(Unavailable, match="is not there"), phones.Phone(phone.serial):
        pass
    with pytest.raises(ConnectionLost, match="is not there.*it answered its probe"):
        phones.Phone(phone.serial, in_session=True).__enter__()


def test_a_session_ends_and_removes_what_an_earlier_one_left(phone):
    old = phone.here(phones.FOLDER) / "old"
    old.mkdir(parents=True)
    (old / "engine.nb").write_bytes(b"an engine")
    others = phone.here(phones.FOLDER).parent
    processes = [subprocess.Popen(["sleep", "600"], cwd=folder) for folder in (old, others)]
    left, other = processes
    try:
        with phones.Phone(phone.serial):  # the probe's: a session may run beside it
            assert left.poll() is None
            assert old.is_dir()
        with phones.Phone(phone.serial, in_session=True) as one:
            assert left.wait(timeout=60) == -9
            assert [path.name for path in old.parent.iterdir()] == [one.folder.rsplit("/", 1)[1]]
        assert other.poll() is None
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_program_ends_when_its_time_is_over(phone):
    with phones.Phone(phone.serial) as one:
        with pytest.raises(RuntimeError, match="sleep did not end within 1 s"):
            one.run(["sleep", "600"], limit_s=1)
        assert one.run(["sh", "-c", "echo said; exit 3"], limit_s=600) == (3, "said\n")
        assert one.run(["sh", "-c", "kill -9 $$"], limit_s=600)[0] == -9
