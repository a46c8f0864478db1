"""The name of the deciding code."""

import re

from server.persistence.build import code_version


def test_it_is_short_and_the_same_each_time() -> None:
    assert re.fullmatch(r"router-[0-9a-f]{12}", code_version())
    assert code_version() == code_version.__wrapped__()
