"""`python -m server run`: the server itself, until it is told to end."""

import argparse
import asyncio
import os
import resource
import signal
import sys

from config.routing import check_shard
from config.settings import Settings
from config.site import Site
from config.whole import load_whole
from records.webhooks import KINDS
from server.allocator import give_back
from server.commands.refused import CommandError
from server.node import Node
from store.errors import StoreError


async def run(_arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """Until SIGINT or SIGTERM, or until a vital part fails (status 1)."""
    _allow_descriptors()
    give_back()
    check_shard(site, settings.shard, settings.redis_url)
    node = Node(settings, load_whole(settings.site, KINDS, os.environ))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, node.request_stop)
    loop.add_signal_handler(signal.SIGHUP, node.reload)
    try:
        await node.start()
    except (OSError, StoreError) as error:
        raise CommandError(f"Jackfield could not start: {error}") from error
    _print_welcome(settings, site)
    await node.wait()
    print("stopping ...", flush=True)
    await node.stop()
    if node.failed is not None:
        print(f"stopped because {node.failed} failed; the log says why", file=sys.stderr)
        return 1
    return 0


def _print_welcome(settings: Settings, site: Site) -> None:
    dialled = [f"sip:{user}@{settings.advertise}:{settings.sip_port}" for user in site.entries]
    if settings.sip_tls_port:
        dialled += [f"sips:{user}@{settings.advertise}:{settings.sip_tls_port}" for user in site.entries]
    lines = [
        f"{site.name}",
        f"  agent page   {settings.base_url}/agent/",
        f"  others       {settings.base_url}/ (supervisors, visitors)",
        f"  dial         {', '.join(dialled)}",
    ]
    if site.demo_password and settings.on_loopback:
        names = ", ".join(
            agent.agent_id + (f" (SIP phone {agent.sip_user})" if agent.sip_user else "")
            for agent in site.agents.values()
        )
        lines += [f"  demo agents  {names}", f"  password     {site.demo_password}"]
    elif site.demo_password:
        lines.append("  demo accounts are refused off loopback: python -m server set-password AGENT makes a real one")
    print("\n".join([*lines, "ready"]), flush=True)


def _allow_descriptors() -> None:
    """As many open files as the system lets us have: each connection is one, and the usual 1,024 are soon gone."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
