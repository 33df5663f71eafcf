"""data/published/*.csv: the documents, value for value."""

from collections import Counter
from pathlib import Path

import pytest

from published_documents import CENTERNET_ERROR, CUDA_ERROR, SUITES, published_rows
from retable.errors import RetableError
from retable.published import Published, read_published

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT.parent / "shared" / "published"

COUNTS = {
    "fast-scnn": {"latency": 10, "argmax": 40},
    "segmentation-split": {"xavier-nano": 9, "xavier-nx": 8, "rtx-3090": 12 + 1},
    "tf2-detection-zoo": {"none": 41 * 18, "gpu": 41 * 18, "gpu-and-cpu": 41 * 18},
    "paddleseg": {"cityscapes": 32 * 2},
    "paddle-keypoints": {"python": 6 * 4, "cpp": 5 * 3},
    "paddle-keypoints-mobile": {"mobile": 3 * 4},
}
FAILED = {
    "fast-scnn": {("argmax", "*", CUDA_ERROR): 6},
    "tf2-detection-zoo": {
        (table, "0", CENTERNET_ERROR): 2 * 18 for table in ("none", "gpu", "gpu-and-cpu")
    },
}


def read(suite: str) -> list[Published]:
    return read_published(ROOT / "data" / "published" / f"{suite}.csv")


def test_every_suite_has_its_values() -> None:
    assert {path.stem for path in (ROOT / "data" / "published").glob("*.csv")} == set(SUITES)


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"the documents are not at {DOCUMENTS}")
@pytest.mark.parametrize("suite", SUITES)
def test_values_are_the_documents(suite: str) -> None:
    expected = [
        Published(*row[:4], float(row.value) if row.value else None, row.failed)
        for row in published_rows(suite, DOCUMENTS)
    ]
    assert read(suite) == expected


@pytest.mark.parametrize("suite", SUITES)
def test_counts(suite: str) -> None:
    assert Counter(value.table for value in read(suite)) == COUNTS[suite]


@pytest.mark.parametrize("suite", SUITES)
def test_failures_keep_their_text_and_give_the_documents_reason(suite: str) -> None:
    failed = [value for value in read(suite) if value.value is None]
    assert Counter((v.table, v.text, v.failed) for v in failed) == FAILED.get(suite, {})


def test_text_is_the_cell_and_value_its_number() -> None:
    first = read("paddle-keypoints")[0]
    assert (first.text, first.value) == ("134.5 ms", 134.5)
    modes = {value.row: value.value for value in read("segmentation-split")}
    row = "OCR-HRNet_TRT(Backbone+Interpolate+Softmax+Max) | 768x384 | int8"
    assert modes[row] == 109


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("t,r,c,1 ms,1 ms,", "is not a number"),
        ("t,r,c,*,,", "give a value, or the reason of its failure"),
        ("t,r,c,1,1,it failed", "give a value, or the reason of its failure"),
        ("t,r,c,1,1,\nt,r,c,2,2,", "t / r / c stands twice"),
    ],
)
def test_a_faulty_file_is_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text(f"table,row,column,text,value,failed\n{line}\n")
    with pytest.raises(RetableError, match=sentence) as caught:
        read_published(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
