from typing import get_args

import pytest
from msgspec import Struct

from voice.asked import Asked


@pytest.mark.parametrize("kind", get_args(Asked), ids=lambda kind: kind.__name__)
def test_who_asks_comes_first_so_that_the_conductor_can_fill_it_in(kind: type[Struct]) -> None:
    assert kind.__match_args__[0] == "by"
