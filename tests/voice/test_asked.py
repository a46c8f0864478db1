import dataclasses
from typing import get_args

import pytest

from voice.asked import Asked


@pytest.mark.parametrize("kind", get_args(Asked), ids=lambda kind: kind.__name__)
def test_who_asks_comes_first_so_that_the_conductor_can_fill_it_in(kind: type) -> None:
    assert dataclasses.fields(kind)[0].name == "by"
