"""The router's own errors share one base, so that a pump can tell a router fault from any other."""

import pytest

from router.errors import IllegalTransitionError, ImageError, InvariantError, RouterError


@pytest.mark.parametrize("kind", [IllegalTransitionError, ImageError, InvariantError])
def test_every_error_is_a_router_error(kind: type[Exception]) -> None:
    assert issubclass(kind, RouterError)


def test_an_illegal_transition_says_what_happened_where() -> None:
    error = IllegalTransitionError("work", "closed", "offer")
    assert str(error) == "work: offer is not legal in state closed"
