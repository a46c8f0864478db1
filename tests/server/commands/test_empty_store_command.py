"""The command is part of the command line; what it does is held by test_storage, with the refusal that it answers."""

from server.commands import empty_store_command
from server.commands.cli import COMMANDS


def test_the_command_is_the_one_that_the_refusal_names() -> None:
    assert empty_store_command.NAME in {name for name, _, _ in COMMANDS}
