"""Checkouts to run: made once, copied for every test."""

import pytest
from checkout import Checkout


@pytest.fixture(scope="session")
def pristine(tmp_path_factory) -> Checkout:
    return Checkout.of_repository(tmp_path_factory.mktemp("pristine") / "checkout")


@pytest.fixture(scope="session")
def first_run(pristine, tmp_path_factory):
    """The tiny suite on the null device, from nothing: the checkout and its run."""
    checkout = pristine.copied_to(tmp_path_factory.mktemp("finished") / "checkout")
    return checkout, checkout.tiny()


@pytest.fixture
def checkout(pristine, tmp_path) -> Checkout:
    """A checkout in which nothing was run."""
    return pristine.copied_to(tmp_path / "checkout")


@pytest.fixture
def finished(first_run, tmp_path) -> Checkout:
    """A checkout in which the tiny suite was run to its end."""
    return first_run[0].copied_to(tmp_path / "checkout")
