"""For all tests: a machine of their own to lock, so that they wait for no real session."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_machine(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("machine")
        folder.chmod(0o755)
        patch.setenv("RETABLE_MACHINE_LOCK", str(folder))
        yield
