"""Which requests a run is asked for: what leaves one out, what names nothing that there is."""

from dataclasses import replace

import pytest

from retable.cases import Ending, Request
from retable.errors import RetableError
from retable.selection import EVERYTHING, Selection

SMALL = Request(
    model="unet",
    input="384x576",
    batch=1,
    tail="none",
    post="none",
    role="engine",
    precision="fp32",
    options=(),
)
LARGE = replace(SMALL, input="576x768")
OTHER = replace(SMALL, model="efficientdet-d0", input="512x512")
REQUESTS = [SMALL, LARGE, OTHER]


@pytest.mark.parametrize(
    ("selection", "asked"),
    [
        (EVERYTHING, REQUESTS),
        (Selection(models="unet"), [SMALL, LARGE]),
        (Selection(models="efficientdet-d0, unet"), REQUESTS),
        (Selection(inputs="384x576,512x512"), [SMALL, OTHER]),
        (Selection(models="unet", inputs="512x512"), []),
    ],
)
def test_what_is_asked_for_is_of_the_chosen_models_and_inputs(
    selection: Selection, asked: list[Request]
) -> None:
    assert [one for one in REQUESTS if selection.ending(one) is None] == asked
    selection.check(REQUESTS)


def test_what_is_left_out_says_by_which_setting() -> None:
    selection = Selection(models="unet", inputs="384x576")
    assert selection.ending(OTHER) == Ending("unavailable", "not selected (--config models=...)")
    assert selection.ending(LARGE) == Ending("unavailable", "not selected (--config inputs=...)")


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (
            Selection(models="unet,efficientdet-do"),
            "--config models: no suite of this run has the model 'efficientdet-do'; "
            "did you mean 'efficientdet-d0'?",
        ),
        (
            Selection(inputs="384x567"),
            "--config inputs: no suite of this run has the input '384x567'; "
            "did you mean '384x576'?",
        ),
    ],
)
def test_a_name_that_nothing_has_is_one_sentence(selection: Selection, sentence: str) -> None:
    with pytest.raises(RetableError) as caught:
        selection.check(REQUESTS)
    assert str(caught.value) == sentence
