"""Which phone is meant, from what adb lists, and files to a phone and back."""

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
