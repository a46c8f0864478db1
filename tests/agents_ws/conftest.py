import pytest

from agents_ws.codec import CODECS
from tests.agents_ws.scripted import Client


@pytest.fixture(params=sorted(CODECS))
def each_codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clients speak this subprotocol."""
    monkeypatch.setattr(Client, "spoken", CODECS[request.param])
