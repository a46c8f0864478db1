"""What a caller hears while nobody speaks with them: music, the queue's welcome, and their place. Pure."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from ivr.speech import place_prompts, wait_prompts
from voice.events import CallCommand, Note, PlayPrompts, StopPrompts


class WaitPlan(Struct, frozen=True, gc=False):
    """What a waiting caller hears: `emergency` and `welcome` once, music, and their place now and then.

    Prompts are names below the prompt root; a bare one is in the caller's language. Durations in microseconds;
    `announce_every` 0 means that no place is announced. Who presses `callback_key` asks to be
    called back ("": there is none).
    """

    music: str = "music/hold"
    welcome: tuple[str, ...] = ()
    announce_first: int = 2_000_000
    announce_every: int = 30_000_000
    lost_agent_grace: int = 15_000_000
    callback_key: str = ""
    emergency: str = ""


PLAIN = WaitPlan()


class WaitSound:
    """The sound of one caller's waiting. `play_id` makes a fresh name for a play."""

    def __init__(self, plans: Mapping[str, WaitPlan], play_id: Callable[[str], str]) -> None:
        self.plan = PLAIN
        self.queue: str | None = None
        self.announce_at: int | None = None
        self._plans = plans
        self._play_id = play_id
        self._music: str | None = None
        self._speech: str | None = None
        self._welcomed = False
        self._language = ""
        self._emergencies = {name: plan.emergency for name, plan in plans.items() if plan.emergency}
        self._warned = ""

    def emergencies(self, prompts: Mapping[str, str], language: str, *, waits: bool) -> list[CallCommand]:
        """These hold from now on; who waits hears a new one at once, in place of whatever plays."""
        self._emergencies = dict(prompts)
        if self._emergencies.get(self.queue or "", "") == "":
            self._warned = ""
        return self.start(language) if waits and self._emergency() else []

    def _emergency(self) -> str:
        """What this caller is to hear and has not yet."""
        prompt = self._emergencies.get(self.queue or "", "")
        return prompt if prompt != self._warned else ""

    def enter(self, queue: str, now: int) -> bool:
        """The caller waits in this queue. Another one than before has its own music, welcome and announcements."""
        if queue == self.queue:
            return False
        self.queue = queue
        self.plan = self._plans.get(queue, self.plan)
        self._welcomed = False
        self._arm(now, self.plan.announce_first)
        return True

    def wait_again(self, now: int) -> None:
        """Back in the same queue: the place is told after the usual time."""
        self._arm(now, self.plan.announce_every)

    def start(self, language: str = "") -> list[CallCommand]:
        """What is to be said first, then music, in place of whatever plays."""
        self._language = language or self._language
        prompt = self._emergency()
        if prompt:
            # The place is told after it: an announcement would cut it off.
            self._warned, self._music, self.announce_at = prompt, None, None
            self._speech = self._play_id("emergency")
            name = prompt if "/" in prompt else f"{self._language}/{prompt}"
            return [PlayPrompts(self._speech, (name,)), Note("emergency_told", (("prompt", prompt),))]
        self._speech = None
        self._music = self._play_id("music")
        return [PlayPrompts(self._music, (self.plan.music,), loop=True)]

    def stop(self) -> list[CallCommand]:
        """Silence, and no announcements."""
        playing = self._speech or self._music
        self._speech = self._music = self.announce_at = None
        return [StopPrompts(playing)] if playing else []

    def place_due(self, now: int) -> bool:
        """Whether the place is to be asked for now; it is asked for once."""
        if self.announce_at is None or self.announce_at > now:
            return False
        self.announce_at = None
        return True

    def say_place(
        self, language: str, place: int | None, wait_us: int | None, now: int, hint: tuple[str, ...] = ()
    ) -> list[CallCommand]:
        """Welcome (once), place, expected wait and a hint; nothing while the item is offered."""
        self._arm(now, self.plan.announce_every)
        if place is None:
            return []
        self._music = None
        self._speech = self._play_id("place")
        named = (name if "/" in name else f"{language}/{name}" for name in self.plan.welcome)
        welcome = () if self._welcomed else tuple(named)
        self._welcomed = True
        wait = () if wait_us is None else wait_prompts(language, wait_us)
        told = (("place", str(place)), ("wait_s", str(wait_us // 1_000_000))) if wait_us else (("place", str(place)),)
        prompts = (*welcome, *place_prompts(language, place), *wait, *hint)
        return [PlayPrompts(self._speech, prompts), Note("place_told", told)]

    def say(self, prompts: tuple[str, ...], *, quiet: bool = False) -> tuple[str, list[CallCommand]]:
        """Say something in between; `quiet`: no place is told until music plays again. The play, and what to do."""
        self._music = None
        self._speech = self._play_id("told")
        if quiet:
            self.announce_at = None
        return self._speech, [PlayPrompts(self._speech, prompts)]

    def over(self, play_id: str, failed: bool, now: int) -> list[CallCommand]:
        """A play came to its end; music follows, unless it is the music that cannot be played."""
        if play_id not in (self._speech, self._music):
            return []
        if failed and play_id == self._music:
            # It would fail again, and again: the caller waits in silence, and still hears the announcements.
            self._music = None
            return []
        self._arm(now, self.plan.announce_every)
        return self.start()

    def _arm(self, now: int, after: int) -> None:
        self.announce_at = now + after if self.plan.announce_every else None
