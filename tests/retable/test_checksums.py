import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from retable.checksums import checksum_of, normal, record, recorded
from retable.errors import RetableError
from retable.files import read_json

ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64


def test_a_url_is_unknown_until_its_first_fetch(tmp_path):
    listed = tmp_path / "data" / "checksums.json"
    assert recorded("https://host/a", listed) is None
    record("https://host/a", ONE, listed)
    assert recorded("https://host/a", listed) == ONE
    assert recorded("https://host/b", listed) is None


def test_the_list_is_sorted_whatever_the_order_of_fetching(tmp_path):
    listed = tmp_path / "checksums.json"
    for name in "cab":
        record(f"https://host/{name}", ONE, listed)
    assert list(read_json(listed)) == ["https://host/a", "https://host/b", "https://host/c"]


def test_the_first_checksum_stays_and_another_is_refused(tmp_path):
    listed = tmp_path / "checksums.json"
    record("https://host/a", ONE, listed)
    record("https://host/a", ONE.upper(), listed)
    with pytest.raises(RetableError, match=r"https://host/a is recorded as sha256:1+, .*2222"):
        record("https://host/a", TWO, listed)
    assert recorded("https://host/a", listed) == ONE


def test_fetches_at_once_lose_no_entry(tmp_path):
    listed = tmp_path / "checksums.json"
    urls = [f"https://host/{number:03}" for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda url: record(url, ONE, listed), urls))
    assert list(read_json(listed)) == urls


@pytest.mark.parametrize("text", ["[]", "{", '{"https://host/a": "sha256:12"}'])
def test_a_damaged_list_is_an_error_of_one_sentence(tmp_path, text):
    listed = tmp_path / "checksums.json"
    listed.write_text(text)
    with pytest.raises(RetableError):
        recorded("https://host/a", listed)


@pytest.mark.parametrize("text", ["", "1" * 64, "sha1:" + "1" * 40, "md5:" + "1" * 64, "sha256:x"])
def test_what_is_no_checksum_is_refused(text):
    with pytest.raises(RetableError, match="is not a checksum; write"):
        normal(text)


def test_a_checksum_is_computed_by_the_algorithm_of_the_one_it_is_compared_with(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert checksum_of(path, "md5:" + "0" * 32) == "md5:" + hashlib.md5(b"abc").hexdigest()
    assert checksum_of(path, ONE) == "sha256:" + hashlib.sha256(b"abc").hexdigest()
