"""The pages under docs/states/ are what the tables say."""

import pytest

from tools.state_tables import FOLDER, PAGES, Page, draw


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_up_to_date(page: Page) -> None:
    written = (FOLDER / f"{page.name}.md").read_text(encoding="utf-8")
    assert written == draw(page), "run python -m tools.state_tables"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_cause_is_explained(page: Page) -> None:
    assert set(page.causes) == {cause for _, cause in page.table}
