"""The chats that are at hand on this node: those that go on, and those that are over and still looked at."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from chat.events import ChatCommand
from chat.lines import progress_of
from chat.machine import ChatMachine
from chat.ports import ChatPorts, Tasks
from chat.runner import ChatRunner
from chat.site import ChatSite
from records.messages import Chat, Message


class Directory:
    """`site` gives the chats' site as it is now. A chat is made, kept, started, and forgotten in the end."""

    def __init__(self, site: Callable[[], ChatSite], ports: ChatPorts, tasks: Tasks) -> None:
        self._site = site
        self._ports = ports
        self._tasks = tasks
        self.live: dict[str, ChatRunner] = {}
        self.by_token: dict[str, ChatRunner] = {}
        self.by_reservation: dict[str, ChatRunner] = {}
        self.addresses: Counter[str] = Counter()
        self.running = 0
        # Told the id of each chat that comes, shows something else, is over, or goes.
        self.changed: Callable[[str], None] = lambda _chat: None

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open, for metrics and the leak test."""
        return {"chats": self.running, "chats_looked_at": len(self.live) - self.running}

    @property
    def watched(self) -> int:
        """How many go on and have their visitor here."""
        return sum(1 for runner in self.live.values() if runner.watched and not runner.over)

    def runners(self) -> tuple[ChatRunner, ...]:
        """All at hand, in the order in which they came."""
        return tuple(self.live.values())

    def make(self, chat: Chat, machine: ChatMachine, tail: Iterable[Message]) -> ChatRunner:
        """A chat from what is kept of it, at hand from now on."""
        runner = ChatRunner(chat, machine, tail, self._ports, self._site().limits)
        runner.emergency = lambda queue, locale: self._site().emergency(queue, locale)
        self.live[runner.chat_id] = self.by_token[runner.token_hash] = runner
        # By its id alone: what it holds must not hold it, or it would stay until the collector comes by.
        chat_id = runner.chat_id
        runner.onlookers.add(lambda: self.changed(chat_id))
        self.changed(chat_id)
        return runner

    def machine(self, chat: Chat, work_id: str, queue: str) -> ChatMachine:
        """As it stands in what is kept."""
        marks = progress_of(chat.marks)
        return ChatMachine(self._site().patience, last=chat.last, progress=marks, work_id=work_id, queue=queue)

    def start(self, runner: ChatRunner, commands: list[ChatCommand]) -> None:
        """It goes on, with these commands of its machine first."""
        self.running += 1
        self._tasks.spawn(self._run(runner, commands), f"chat:{runner.chat_id}")

    def looked_at(self, runner: ChatRunner) -> None:
        """Somebody stopped looking: a chat that is over need not be at hand any more."""
        if runner.over and not runner.watched:
            self.forget(runner)

    def forget(self, runner: ChatRunner) -> None:
        """Not at hand any more."""
        if self.live.get(runner.chat_id) is runner:
            del self.live[runner.chat_id]
            self.changed(runner.chat_id)
        if self.by_token.get(runner.token_hash) is runner:
            del self.by_token[runner.token_hash]

    async def _run(self, runner: ChatRunner, commands: list[ChatCommand]) -> None:
        try:
            await runner.run(commands)
        finally:
            self.running -= 1
            if runner.address:
                self.addresses[runner.address] -= 1
                self.addresses += Counter()
            for key in [key for key, each in self.by_reservation.items() if each is runner]:
                del self.by_reservation[key]
            self.changed(runner.chat_id)
            self.looked_at(runner)
