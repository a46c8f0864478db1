"""docs/screenshots.md shows what `make screenshots` takes: every view in every language, and nothing else."""

from tools.screenshots.views import DARK, LANGUAGES, OUT, PAGE, VIEWS, file_of, page

MOST_BYTES = 6_000_000


def test_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_picture_is_there_and_no_other() -> None:
    names = [name for views in VIEWS.values() for name in views]
    wanted = {file_of(name, tag) for name in names for tag in LANGUAGES} | {file_of(name, "en", True) for name in DARK}
    assert set(OUT.iterdir()) == wanted
    assert sum(path.stat().st_size for path in wanted) < MOST_BYTES
