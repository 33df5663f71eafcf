"""Official weights, or why not: hosts that do not answer, wrong files, mirrors, random weights."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from page_tables import footnote, table_below
from test_workflow_errors import sentence_of

BODY = b"weights"
MODEL = "config/models/tiny2.yaml"
FETCHED = "data/weights/tiny2.json"
NOWHERE = "http://127.0.0.1:9/tiny.npz"  # the port `discard`: nobody listens


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


@pytest.fixture
def host() -> Iterator[str]:
    """A host on this machine that answers every request with `BODY`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def publish(checkout, url: str, body: bytes = BODY) -> None:
    checksum = "sha256:" + hashlib.sha256(body).hexdigest()
    checkout.edit_yaml(
        MODEL, lambda model: model.update(weights={"url": url, "checksum": checksum})
    )


def test_a_corrupt_download_is_refused(checkout, host):
    publish(checkout, f"{host}/tiny.npz", body=b"other weights")
    before = checkout.files()
    run = checkout.snakemake(FETCHED, device="null", suite="tiny")
    sentence = sentence_of(run)
    for part in (MODEL, "weights.url", f"{host}/tiny.npz", "expected sha256:", "run again"):
        assert part in sentence
    assert checkout.files() == before


def test_official_weights_that_cannot_be_had_stop_the_run(checkout):
    publish(checkout, NOWHERE)
    before = checkout.files()
    run = checkout.snakemake(FETCHED, device="null", suite="tiny", weights="official")
    sentence = sentence_of(run)
    for part in (MODEL, "weights.url", NOWHERE, "mirror", "weights=random"):
        assert part in sentence
    assert checkout.files() == before


def test_random_weights_take_their_place_and_the_page_says_so(finished):
    publish(finished, NOWHERE)
    run = finished.tiny(weights="auto")
    assert f"random weights: the official weights could not be fetched: {MODEL}" in run.output
    page = finished.read("results/null/reports/tiny.md")
    assert "**Second tiny network: random weights.** the official weights could not be" in page
    assert NOWHERE in page


def test_random_weights_ask_no_host(checkout):
    publish(checkout, NOWHERE)
    run = checkout.tiny(FETCHED, weights="random")
    assert "random weights: asked for: weights=random" in run.output


def test_weights_that_nobody_published_are_a_reason_where_official_ones_are_asked(finished):
    finished.tiny(weights="official")
    page = finished.read("results/null/reports/tiny.md")
    for row in table_below(page, "Mean latency (ms)"):
        reason = footnote(page, row["FP32, null"])
        assert reason.startswith("unavailable: ")
        assert reason.endswith("no official weights: nobody has trained it")


@pytest.mark.parametrize("kind", ["folder", "host"])
def test_a_mirror_is_asked_instead_of_the_official_host(checkout, tmp_path, host, kind):
    publish(checkout, NOWHERE)
    folder = tmp_path / "mirror" / "127.0.0.1"
    folder.mkdir(parents=True)
    (folder / "tiny.npz").write_bytes(BODY)
    mirror = str(folder.parent) if kind == "folder" else f"{host}/files"
    checkout.tiny(FETCHED, weights="official", mirror=mirror)
    record = checkout.json(FETCHED)
    assert record["facts"]["weights"] == "official"
    assert checkout.path(record["artifacts"]["tiny.npz"]["path"]).read_bytes() == BODY


def test_a_first_fetch_without_a_checksum_is_remembered(checkout, host):
    url = f"{host}/tiny.npz"
    checkout.edit_yaml(MODEL, lambda model: model.update(weights={"url": url}))
    checkout.tiny(FETCHED)
    recorded = checkout.json("data/checksums.json")
    assert recorded[url] == "sha256:" + hashlib.sha256(BODY).hexdigest()
