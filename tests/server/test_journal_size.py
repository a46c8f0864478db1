"""A shift of calls and chats takes at most 1 KiB of journal an interaction, snapshots and policy included."""

from random import Random

from router.commands import Command
from router.dispatcher import Dispatcher
from router.events import Event, InteractionClosed, InteractionNoted, InteractionOpened, TimePassed, WorkQueued
from router.replay import begin
from router.rows import Changes, Turn
from server.ids import interaction_ids
from server.persistence.replaying import replay
from store.codec import encode_entry, encode_row
from store.segment import RawImage, make_head, pack, pack_head, read_segments
from tests.router.world import SECOND, World
from tests.sim.shift import Shift

INTERACTIONS = 1500
LIMIT = 1024
EPOCH = 1_790_000_000_000_000


class Recorded(Dispatcher):
    """Keeps its turns as they are stored."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[bytes] = []

    def handle(self, event: Event, now: int) -> list[Command]:
        return self._keep(event, now, super().handle(event, now))

    def expire(self, now: int) -> list[Command]:
        return self._keep(TimePassed(), now, super().expire(now))

    def _keep(self, event: Event, now: int, commands: list[Command]) -> list[Command]:
        turn = Turn(len(self.entries) + 1, now, "timer", event, tuple(commands), Changes())
        self.entries.append(encode_entry(turn))
        return commands


class Day(Shift):
    """With the steps that a call or a chat notes, and ids as long as the server's own."""

    def __post_init__(self) -> None:
        self.new_id = interaction_ids(lambda: EPOCH + len(self.agenda) * 300_000)
        super().__post_init__()
        self.agenda = [(at + EPOCH, number, event) for at, number, event in self.agenda]
        policy = self.world.dispatcher.policy
        image = RawImage(policy.version, 0, EPOCH, (), (), ())
        head = make_head(image, encode_row(policy), code="router-0123456789ab", shard="s0", restored_at=EPOCH)
        self.head = pack_head(head)
        (segment,) = read_segments(pack(self.head, [], []))
        self.world = World()
        self.world.dispatcher = self.recorded = Recorded()
        begin(segment.start(), self.recorded)

    def arrival(self, number: int) -> WorkQueued:
        made = super().arrival(number)
        interaction, at = self.new_id(), number * 2 * SECOND
        medium, node = made.medium, "jackfield-8080.1790000000123"
        self.later(at, InteractionOpened(interaction, "hotline", medium, "4001", node))
        steps = ("answered", "menu", "digit", "menu", "digit", "set") if medium == "voice" else ("language", "branch")
        for kind in (*steps, "place_told", "held", "resumed", "caller_left"):
            self.later(at + self.random.randint(1, 60 * SECOND), noted(interaction, kind, self.random))
        self.later(at + 300 * SECOND, InteractionClosed(interaction, "handled"))
        return WorkQueued(made.work_id, interaction, medium, made.queue, made.requirements, made.priority, node)


def noted(interaction: str, kind: str, random: Random) -> InteractionNoted:
    detail = (("detail", str(random.randint(1, 9))), ("node", random.choice(("main", "after_sales", "orders"))))
    return InteractionNoted(interaction, kind, detail)


def test_a_kibibyte_an_interaction() -> None:
    day = Day(seed=3, agents=60, arrivals=INTERACTIONS)
    day.run()
    data = pack(day.head, [], day.recorded.entries)
    (segment,) = read_segments(data)
    assert len(segment.entries) > 15 * INTERACTIONS, "as many turns as a busy day has"
    assert len(data) / INTERACTIONS < LIMIT
    print(f"{len(data) / INTERACTIONS:.0f} bytes an interaction, {len(segment.entries) / INTERACTIONS:.1f} turns")
    assert replay([segment]).found is None
