"""`python -m server backup` and `restore`."""

import argparse
from pathlib import Path

from config.settings import Settings
from config.site import Site
from server.persistence.backup import back_up, restore


async def backup(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints how many files are in it."""
    manifest = await back_up(settings, Path(arguments.out))
    print(f"{arguments.out}: {len(manifest['sha256'])} files; the site's own files are not among them")
    return 0


async def put_back(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Checks every file first."""
    manifest = await restore(settings, Path(arguments.backup))
    print(f"{settings.data_dir}: {len(manifest['sha256'])} files put back; start the server")
    return 0
