"""For all tests: a machine of their own to lock, so that they wait for no real session."""

import signal

import pytest

from phone_stand_in import adb, phone  # noqa: F401 - fixtures

# What a shell runs in the background ignores Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_machine(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("machine")
        folder.chmod(0o755)
        patch.setenv("RETABLE_MACHINE_LOCK", str(folder))
        yield
