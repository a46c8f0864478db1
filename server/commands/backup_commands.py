"""`python -m server backup` and `restore`."""

import argparse
from pathlib import Path

from config.settings import Settings
from config.site import Site
from server.commands.refused import CommandError
from server.persistence.backup import back_up, restore


async def backup(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints how many files are in it."""
    try:
        manifest = await back_up(settings, Path(arguments.out))
    except OSError as error:
        raise CommandError(f"the backup could not be written: {error}") from error
    print(f"{arguments.out}: {len(manifest['sha256'])} files; the site's own files are not among them")
    return 0


async def put_back(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Checks every file first."""
    try:
        manifest = await restore(settings, Path(arguments.backup))
    except OSError as error:
        raise CommandError(f"the backup could not be put back: {error}") from error
    print(f"{settings.data_dir}: {len(manifest['sha256'])} files put back; start the server")
    return 0
