"""A copy of the demo site that a test may spoil."""

import shutil
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "config" / "demo"


@pytest.fixture
def site_copy(tmp_path: Path) -> Path:
    """The demo site in a folder of its own; its prompts are linked, not copied."""
    copy = tmp_path / "site"
    shutil.copytree(DEMO, copy, ignore=shutil.ignore_patterns("prompts"))
    (copy / "prompts").symlink_to(DEMO / "prompts", target_is_directory=True)
    return copy
