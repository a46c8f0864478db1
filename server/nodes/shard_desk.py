"""The shards of the site as this one sees them: each says of itself what waits there, by the way between the nodes.

What routing.toml says of another shard's queues can be held against it only when one of its nodes is reached: then an
exit that leads nowhere is an error in the log, and in the view of the shards.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog

from config.site import Site
from http_api.shards_api import NowhereExit, ShardQueue, ShardSums, ShardView
from router.dispatcher import Dispatcher
from router.policy import Elsewhere
from router.vocabulary import Presence
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from server.nodes.shard_links import ShardLinks
from server.tasks import TaskOwner
from store.errors import StoreError
from store.lease import ShardHead

log = structlog.get_logger(__name__)

SUMS = "shard_sums"
ANSWER_S = 2.0


def sums_of(board: Dispatcher, site: Site, trouble: str = "") -> ShardSums:
    """What this shard says of itself; `trouble`: why nothing is committed there now, as this node knows it."""
    rules, waits, agents = board.policy.queues, board.queues(), [row for row in board.agents() if row.connected]
    queues = tuple(
        ShardQueue(
            queue=name,
            medium=rules[name].medium.value,
            title=site.queues[name].title if name in site.queues else name,
            waiting=waits[name].waiting,
            oldest_queued_at=waits[name].oldest_queued_at,
            closed=rules[name].closed,
        )
        for name in sorted(rules.keys() & waits.keys())
    )
    oldest = [one.oldest_queued_at for one in queues if one.oldest_queued_at is not None]
    return ShardSums(
        waiting=sum(one.waiting for one in queues),
        oldest_queued_at=min(oldest, default=None),
        signed_in=sum(row.presence is not Presence.OFFLINE for row in agents),
        ready=sum(row.presence is Presence.READY for row in agents),
        trouble=trouble,
        queues=queues,
    )


class ShardDesk:
    """`own` are this shard's sums, `elsewhere` what its routing.toml names.

    `pages_of` says where a shard's pages are, `head_of` who owns it; both ask the store, which all shards share.
    """

    def __init__(
        self,
        shard: str,
        links: ShardLinks,
        peers: PeerLink,
        own: Callable[[], ShardSums],
        elsewhere: Callable[[], Mapping[str, Elsewhere]],
        pages_of: Callable[[str], Awaitable[Iterable[str]]],
        head_of: Callable[[str], Awaitable[ShardHead]],
        tasks: TaskOwner,
    ) -> None:
        self._shard = shard
        self._links = links
        self._own = own
        self._elsewhere = elsewhere
        self._pages_of = pages_of
        self._head_of = head_of
        self._tasks = tasks
        peers.answer[SUMS] = self._answer
        links.found.append(self._found)

    async def all(self) -> tuple[ShardView, ...]:
        """This one first, then the others by name."""
        pages = await self._pages(self._shard)
        owner, epoch = await self._head(self._shard)
        here = ShardView(
            shard=self._shard, here=True, reached=True, pages=pages, sums=self._own(), owner=owner, epoch=epoch
        )
        return here, *[await self._view(shard) for shard in sorted({one.shard for one in self._elsewhere().values()})]

    def follow(self, site: Site) -> None:
        """The site was read again."""
        for shard in sorted({one.shard for one in site.routing.elsewhere.values()}):
            self._found(shard)

    async def check(self, shard: str) -> tuple[NowhereExit, ...]:
        """The exits to that shard that lead nowhere; each is logged. None is known while it is not reached."""
        nowhere = (await self._view(shard)).nowhere
        for exit_ in nowhere:
            log.error("exit_leads_nowhere", shard=shard, queue=exit_.queue, reason=exit_.reason)
        return nowhere

    async def _view(self, shard: str) -> ShardView:
        link, pages = self._links.of(shard), await self._pages(shard)
        owner, epoch = await self._head(shard)
        unseen = ShardView(
            shard=shard, here=False, reached=False, pages=pages, sums=ShardSums(), owner=owner, epoch=epoch
        )
        for node in sorted(link.reached) if link is not None else ():
            try:
                answer = await link.ask(node, SUMS, timeout_s=ANSWER_S) if link is not None else None
            except (PeerUnreachableError, PeerRefusedError) as error:
                log.info("shard_not_asked", shard=shard, node=node, error=str(error))
                continue
            sums = msgspec.convert(answer, ShardSums)
            nowhere = tuple(self._nowhere(shard, sums))
            return msgspec.structs.replace(unseen, reached=True, sums=sums, nowhere=nowhere)
        return unseen

    def _nowhere(self, shard: str, sums: ShardSums) -> Iterable[NowhereExit]:
        media = {one.queue: one.medium for one in sums.queues}
        # One that has no queues yet is just starting.
        for name, there in sorted(self._elsewhere().items()) if media else ():
            if there.shard != shard or media.get(name) == there.medium.value:
                continue
            medium = media.get(name)
            yield NowhereExit(name, "there is no such queue" if medium is None else f"that queue takes {medium}")

    async def _pages(self, shard: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(set(await self._pages_of(shard))))
        except StoreError as error:
            log.info("pages_not_known", shard=shard, error=str(error))
            return ()

    async def _head(self, shard: str) -> tuple[str, int]:
        """The label of its owner, "" for none, and the epoch."""
        try:
            head = await self._head_of(shard)
        except StoreError as error:
            log.info("owner_not_known", shard=shard, error=str(error))
            return "", 0
        return head.owner if head.remaining_ms > 0 else "", head.epoch

    async def _answer(self, _node: str, _body: Any) -> ShardSums:
        return self._own()

    def _found(self, shard: str) -> None:
        self._tasks.spawn(self._checked(shard), f"shard_check:{shard}")

    async def _checked(self, shard: str) -> None:
        await self.check(shard)
