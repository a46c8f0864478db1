"""What agents hear beside the conversation: music while a colleague keeps them on hold, a ringing tone. Pure."""

import itertools
from collections.abc import Callable, Mapping

from voice.events import CallCommand, PlayPrompts, StopPrompts


def play_ids() -> Callable[[str], str]:
    """Makes fresh names for the plays of one call. It knows nothing of the call, so that the call can go by itself."""
    numbers = itertools.count(1)
    return lambda kind: f"{kind}-{next(numbers)}"


class Tones:
    """One looped prompt a leg at most. `play_id` makes a fresh name for a play."""

    def __init__(self, play_id: Callable[[str], str]) -> None:
        self._play_id = play_id
        self._playing: dict[str, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._playing)

    def follow(self, wanted: Mapping[str, str]) -> list[CallCommand]:
        """Each leg hears the prompt that is wanted for it from now on, and nothing without one."""
        done: list[CallCommand] = []
        for leg_id, (prompt, play_id) in list(self._playing.items()):
            if wanted.get(leg_id) != prompt:
                del self._playing[leg_id]
                done.append(StopPrompts(play_id, leg_id))
        for leg_id, prompt in wanted.items():
            if leg_id not in self._playing:
                self._playing[leg_id] = (prompt, self._play_id("tone"))
                done.append(PlayPrompts(self._playing[leg_id][1], (prompt,), loop=True, leg_id=leg_id))
        return done
