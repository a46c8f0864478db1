"""What the ports carry."""

import pytest

from voice.ports import MediaUnavailableError


def test_the_engines_own_word_is_kept() -> None:
    error = MediaUnavailableError("ports_exhausted")
    assert (error.reason, str(error)) == ("ports_exhausted", "ports_exhausted")
    with pytest.raises(MediaUnavailableError, match="ports_exhausted"):
        raise error
