"""Downloads from a real server on 127.0.0.1 that misbehaves as it is told to."""

import hashlib
import multiprocessing
import random
import re
import socket
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from retable.downloads import Corrupt, Unreachable, download, mirrored
from retable.errors import RetableError

BODY = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
HALF = 150_000


def sha256(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


@dataclass
class Answer:
    """How the server answers one request; the default is as a good server does."""

    status: int | None = None  # nothing but this status
    sends: int | None = None  # close the connection after this many bytes of the body
    body: bytes | None = None  # in place of the file
    ranges: bool = True  # whether it knows Range
    shift: int = 0  # a 206 that starts this many bytes from where it was asked to
    length: bool = True  # whether it says Content-Length
    silent: bool = False  # accepts, and never answers


@dataclass
class Request:
    path: str
    range: str | None


@dataclass
class Site:
    """What the server has, how it will answer the next requests, and what it was asked."""

    files: dict[str, bytes]
    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def ranges(self) -> list[str | None]:
        return [request.range for request in self.asked]


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self):  # noqa: N802 (http.server's name)
        site, wanted = self.site, self.headers["Range"]
        site.asked.append(Request(self.path, wanted))
        site.gate.wait(30)
        answer = site.answers.pop(0) if site.answers else Answer()
        body = answer.body or site.files.get(self.path)
        if answer.silent:
            self.connection.recv(1)  # until the client gives up
        elif answer.status or body is None:
            self.send_error(answer.status or 404)
        elif wanted and answer.ranges:
            self.send_part(body, int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]), answer)
        else:
            self.send_response(200)
            self.send_body(body, answer)

    def send_part(self, body: bytes, start: int, answer: Answer) -> None:
        if start >= len(body):
            self.send_error(416)
            return
        start += answer.shift
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_body(body[start:], answer)

    def send_body(self, body: bytes, answer: Answer) -> None:
        if answer.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if answer.sends is None else body[: answer.sends])

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Whatever the machine's proxy is, it has no part in talking to 127.0.0.1."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def site():
    made = Site({"/a/b.pth": BODY})
    made.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("", (Handler,), {"site": made}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that hangs up is part of the tests
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "b.pth"


def part_of(target: Path, body: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name("b.pth.part")
    part.write_bytes(body)
    return part


def only(target: Path) -> bool:
    """Whether the target is whole, and alone in its folder."""
    return target.read_bytes() == BODY and list(target.parent.iterdir()) == [target]


def nothing(target: Path) -> bool:
    return list(target.parent.iterdir()) == []


fetch = partial(download, checksum=sha256(BODY), backoff_s=0.001)


def test_a_file_is_fetched_and_described(site, target):
    made = fetch(f"{site.url}/a/b.pth", target)
    assert made.path == str(target)
    assert (made.sha256, made.bytes) == (sha256(BODY)[7:], len(BODY))
    assert only(target)


@pytest.mark.parametrize(
    "checksum",
    [None, sha256(BODY).upper(), "md5:" + hashlib.md5(BODY).hexdigest()],
    ids=["none", "upper case", "md5"],
)
def test_the_checksum_may_be_missing_or_of_another_kind(site, target, checksum):
    fetch(f"{site.url}/a/b.pth", target, checksum=checksum)
    assert only(target)


def test_a_malformed_checksum_is_refused_before_the_network_is_asked(site, target):
    with pytest.raises(RetableError, match="is not a checksum"):
        fetch(f"{site.url}/a/b.pth", target, checksum="12345")
    assert site.asked == []


@pytest.mark.parametrize("checksum", [None, sha256(BODY)])
def test_a_file_that_is_there_is_not_fetched_again(site, target, checksum):
    fetch(f"{site.url}/a/b.pth", target)
    fetch(f"{site.url}/a/b.pth", target, checksum=checksum)
    assert len(site.asked) == 1


def test_another_file_at_the_target_is_replaced(site, target):
    target.parent.mkdir()
    target.write_bytes(OTHER)
    fetch(f"{site.url}/a/b.pth", target)
    assert only(target)


def test_a_left_over_part_is_gone_on_with(site, target):
    part_of(target, BODY[:HALF])
    fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [f"bytes={HALF}-"]
    assert only(target)


def test_a_part_that_is_complete_is_not_fetched_again(site, target):
    part_of(target, BODY)
    fetch(f"{site.url}/a/b.pth", target)
    assert site.asked == []
    assert only(target)


def test_a_connection_cut_short_is_resumed_at_its_byte(site, target):
    site.answers = [Answer(sends=HALF), Answer(sends=1000)]
    fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert only(target)


def test_what_one_call_could_not_finish_the_next_one_does(site, target):
    site.answers = [Answer(sends=HALF)]
    with pytest.raises(Unreachable):
        fetch(f"{site.url}/a/b.pth", target, attempts=1)
    assert not target.exists()
    fetch(f"{site.url}/a/b.pth", target, attempts=1)
    assert site.ranges == [None, f"bytes={HALF}-"]
    assert only(target)


def test_a_server_without_ranges_starts_over(site, target):
    part_of(target, BODY[:HALF])
    site.answers = [Answer(ranges=False)]
    fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [f"bytes={HALF}-"]
    assert only(target)


def test_a_part_response_from_elsewhere_is_not_appended(site, target):
    site.answers = [Answer(sends=HALF), Answer(shift=-10)]
    fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [None, f"bytes={HALF}-", None]
    assert only(target)


@pytest.mark.parametrize("stale", [OTHER[:HALF], OTHER, OTHER + b"more"])
def test_a_part_of_another_file_is_thrown_away(site, target, stale):
    part_of(target, stale)
    fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [f"bytes={len(stale)}-", None]
    assert only(target)


def test_without_a_checksum_nothing_is_pieced_together(site, target):
    part_of(target, OTHER[:HALF])
    site.answers = [Answer(sends=HALF)]
    fetch(f"{site.url}/a/b.pth", target, checksum=None)
    assert site.ranges == [None, None]
    assert only(target)


def test_a_wrong_body_is_corrupt_and_leaves_nothing(site, target):
    site.answers = [Answer(body=OTHER)]
    with pytest.raises(Corrupt) as caught:
        fetch(f"{site.url}/a/b.pth", target)
    for word in (f"{site.url}/a/b.pth", sha256(BODY), sha256(OTHER), "run again"):
        assert word in str(caught.value)
    assert len(site.asked) == 1
    assert nothing(target)


def test_a_wrong_body_behind_a_left_over_part_is_fetched_once_more_only(site, target):
    part_of(target, BODY[:HALF])
    site.answers = [Answer(body=OTHER), Answer(body=OTHER)]
    with pytest.raises(Corrupt):
        fetch(f"{site.url}/a/b.pth", target)
    assert site.ranges == [f"bytes={HALF}-", None]
    assert nothing(target)


def test_a_body_cut_short_without_a_length_is_corrupt(site, target):
    site.answers = [Answer(sends=HALF, length=False)]
    with pytest.raises(Corrupt):
        fetch(f"{site.url}/a/b.pth", target)
    assert nothing(target)


def test_a_corrupt_download_leaves_an_older_target_alone(site, target):
    target.parent.mkdir()
    target.write_bytes(b"older")
    site.answers = [Answer(body=OTHER)]
    with pytest.raises(Corrupt):
        fetch(f"{site.url}/a/b.pth", target)
    assert target.read_bytes() == b"older"


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_host_that_is_busy_is_asked_again(site, target, status):
    site.answers = [Answer(status=status), Answer(status=status)]
    fetch(f"{site.url}/a/b.pth", target)
    assert len(site.asked) == 3
    assert only(target)


def test_a_host_that_stays_busy_is_unreachable(site, target):
    site.answers = [Answer(status=503)] * 5
    with pytest.raises(Unreachable, match=r"/a/b\.pth: cannot be fetched \(503 .*attempt 3"):
        fetch(f"{site.url}/a/b.pth", target)
    assert len(site.asked) == 3
    assert nothing(target)


def test_a_host_that_falls_silent_is_asked_again(site, target):
    site.answers = [Answer(silent=True)]
    fetch(f"{site.url}/a/b.pth", target, timeout_s=0.5)
    assert len(site.asked) == 2
    assert only(target)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_asked_again(site, target, status):
    site.answers = [Answer(status=status)]
    with pytest.raises(Unreachable, match=rf"/a/b\.pth: the host answers {status} "):
        fetch(f"{site.url}/a/b.pth", target)
    assert len(site.asked) == 1
    assert nothing(target)


def test_a_closed_port_is_one_sentence(target):
    with socket.socket() as held:  # bound, never listening
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/b.pth"
        with pytest.raises(Unreachable) as caught:
            fetch(url, target)
    message = str(caught.value)
    assert message.startswith(f"{url}: cannot be fetched ([Errno 111] Connection refused")
    assert "mirror:" in message
    assert "\n" not in message
    assert nothing(target)


@pytest.mark.parametrize("url", ["ftp://host/b.pth", "b.pth", "http://"])
def test_a_url_that_is_none_is_refused_at_once(target, url):
    with pytest.raises(Unreachable, match="correct the url"):
        fetch(url, target, backoff_s=1000)


OFFICIAL = "http://official.invalid:81/a/b%20c.pth?download=1"


def test_a_mirror_is_looked_at_by_host_and_path_then_by_name():
    assert mirrored(OFFICIAL, None) == [OFFICIAL]
    assert mirrored(OFFICIAL, "https://lab/m/") == [
        "https://lab/m/official.invalid/a/b%20c.pth",
        "https://lab/m/b%20c.pth",
    ]
    in_folder = [Path("/lab/m/official.invalid/a/b c.pth"), Path("/lab/m/b c.pth")]
    assert mirrored(OFFICIAL, "/lab/m") == in_folder
    assert mirrored(OFFICIAL, "file:///lab/m") == in_folder
    assert mirrored("file:///my/b%20c.pth", "/lab/m") == [Path("/my/b c.pth")]


@pytest.mark.parametrize("name", ["official.invalid/a/b c.pth", "b c.pth"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_serves_as_a_mirror(tmp_path, target, name, scheme):
    stored = tmp_path / "mirror" / name
    stored.parent.mkdir(parents=True)
    stored.write_bytes(BODY)
    part_of(target, OTHER)
    fetch(OFFICIAL, target, mirror=f"{scheme}{tmp_path / 'mirror'}")
    assert only(target)
    assert stored.read_bytes() == BODY


def test_a_folder_is_checked_like_a_host(tmp_path, target):
    stored = tmp_path / "b c.pth"
    stored.write_bytes(OTHER)
    with pytest.raises(Corrupt, match="b c.pth"):
        fetch(OFFICIAL, target, mirror=str(tmp_path))
    assert nothing(target)


def test_a_mirror_that_lacks_the_file_says_where_it_was_looked_for(site, tmp_path, target):
    with pytest.raises(Unreachable) as caught:
        fetch(f"{site.url}/a/b.pth", target, mirror=str(tmp_path))
    assert f"{tmp_path}/127.0.0.1/a/b.pth: no such file" in str(caught.value)
    assert f"{tmp_path}/b.pth: no such file" in str(caught.value)
    assert site.asked == []  # the official host is not asked behind the user's back


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("/m/official.invalid/a/b%20c.pth", ["/m/official.invalid/a/b%20c.pth"]),
        ("/m/b%20c.pth", ["/m/official.invalid/a/b%20c.pth", "/m/b%20c.pth"]),
    ],
)
def test_a_url_prefix_serves_as_a_mirror(site, target, stored, asked):
    site.files = {stored: BODY}
    fetch(OFFICIAL, target, mirror=f"{site.url}/m")
    assert [request.path for request in site.asked] == asked
    assert only(target)


def test_threads_at_once_fetch_once(site, target):
    site.gate.clear()
    with ThreadPoolExecutor(6) as pool:
        made = [pool.submit(fetch, f"{site.url}/a/b.pth", target) for _ in range(6)]
        site.gate.set()
        assert len({one.result() for one in made}) == 1
    assert len(site.asked) == 1
    assert only(target)


def test_processes_at_once_fetch_once(site, target):
    spawn = multiprocessing.get_context("spawn")
    site.gate.clear()
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        made = [pool.submit(fetch, f"{site.url}/a/b.pth", target) for _ in range(2)]
        site.gate.set()
        assert made[0].result() == made[1].result()
    assert len(site.asked) == 1
    assert only(target)


def test_who_waited_for_one_that_failed_fetches_itself(site, target):
    site.answers = [Answer(status=404)]
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(fetch, f"{site.url}/a/b.pth", target) for _ in range(2)]
        failed = [one.exception() for one in made]
    assert sorted(type(error) for error in failed if error) == [Unreachable]
    assert len(site.asked) == 2
    assert only(target)
