"""`python -m server check-config`."""

import argparse
import os

from config.settings import Settings
from config.site import Site
from config.whole import load_whole
from records.webhooks import KINDS


async def check_config(_arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """What is wrong with the files that `config.load` reads has been said before this is reached."""
    load_whole(settings.site, KINDS, os.environ)
    print(
        f"{settings.site}: no mistakes ({len(site.flows)} flows, {len(site.queues)} queues, {len(site.agents)} agents)"
    )
    return 0
