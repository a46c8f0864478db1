"""Commands to the server that runs on a data directory, said over its control socket: drain, reload, bans."""

import argparse
from typing import Any

from config.settings import Settings
from config.site import Site
from server.commands.control import NotRunningError, ask
from server.commands.refused import CommandError


async def reload(_arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints what has changed, or each mistake (status 2), and then nothing has."""
    answer = await _ask(settings, "reload")
    if "error" in answer:
        raise CommandError(answer["error"])
    print(f"the server goes by version {answer['after']} of {settings.site}, before it was {answer['before']}")
    for section, kinds in answer["changes"].items():
        for kind, names in kinds.items():
            print(f"  {section}: {kind} {', '.join(names)}")
    return 0


async def drain(_arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Returns when the server ends: its calls and chats are over, or its time for them is."""
    answer = await _ask(settings, "drain")
    print(f"drained; calls and chats that were still open: {answer['left']}")
    if answer["moved"]:
        print(f"callers of these who are at another node now: {answer['moved']}")
    if answer["called_back"]:
        print(f"callers of these who will be called back: {answer['called_back']}")
    return 0


async def bans(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """One line for each host."""
    found = await _ask(settings, "lift-bans" if arguments.lift else "bans")
    for ban in found:
        print(
            f"{ban['host']}: for {ban['seconds']} s, {ban['times']}. time{', let in again' if arguments.lift else ''}"
        )
    if not found:
        print("nobody is shut out")
    return 0


async def _ask(settings: Settings, command: str) -> Any:
    try:
        return await ask(settings.data_dir, command)
    except NotRunningError as error:
        raise CommandError(f"no server runs on {settings.data_dir}: {error}") from error
