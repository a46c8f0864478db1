"""Tells webhooks what was committed: signed, tried again with growing pauses for up to an hour, each attempt logged.

The signature is HMAC-SHA256 over `timestamp.body` with the hook's secret, in hex; docs/webhooks.md shows how to check
it. One hook that is slow or away does not hold up the others, and each hook is told in the order of the facts as long
as it answers.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace

import aiohttp
import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.webhooks import Hook
from records.webhooks import Deliveries, Delivery
from server.tasks import end

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
AT_ONCE = 32
FIRST_PAUSE_US, LAST_PAUSE_US = 1_000_000, 600_000_000
GIVE_UP_US = 3_600_000_000
KEEP_US = 7 * 24 * 3_600_000_000
IDLE_S = 5.0
_ERROR_LENGTH = 300


def pause_us(attempts: int) -> int:
    """How long to wait after so many failed attempts: 1 s, doubled each time, at most ten minutes."""
    return int(min(LAST_PAUSE_US, FIRST_PAUSE_US << min(attempts - 1, 20)))


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of X-Jackfield-Signature. `timestamp` is X-Jackfield-Timestamp, seconds since the epoch."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookSender:
    """`run` until `close`. `secrets` maps a hook's name to its secret, `now` gives microseconds since the epoch."""

    def __init__(
        self, deliveries: Deliveries, hooks: Mapping[str, Hook], secrets: Mapping[str, str], now: Callable[[], int]
    ) -> None:
        self._deliveries = deliveries
        self._hooks = hooks
        self._secrets = {name: secret.encode() for name, secret in secrets.items()}
        self._now = now
        self._wake = asyncio.Event()
        self._closed = False
        # A task for each hook that is being told: the others do not wait for it.
        self._telling: dict[str, asyncio.Task[None]] = {}

    def follow(self, hooks: Mapping[str, Hook], secrets: Mapping[str, str]) -> None:
        """The site was read again. What waits for a hook that is gone fails."""
        self._hooks = hooks
        self._secrets = {name: secret.encode() for name, secret in secrets.items()}

    def wake(self) -> None:
        """There may be something to tell."""
        self._wake.set()

    def close(self) -> None:
        """What is not told yet waits for the next start."""
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Sends what is due; the database being away passes."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            try:
                while not self._closed:
                    self._wake.clear()
                    try:
                        pause_s = await self._round(session)
                    except SQLAlchemyError as error:
                        log.error("webhooks_not_read", error=str(error))
                        pause_s = IDLE_S
                    if pause_s > 0 and not self._closed:
                        await self._sleep(pause_s)
                await asyncio.gather(*self._telling.values())
            finally:
                await end(self._telling.values())

    async def _sleep(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _round(self, session: aiohttp.ClientSession) -> float:
        """Begins to tell a lot to each hook that is not being told; for how many seconds nothing more is due."""
        due = await self._deliveries.due(self._now(), AT_ONCE, self._telling)
        by_hook: dict[str, list[Delivery]] = {}
        for delivery in due:
            by_hook.setdefault(delivery.hook, []).append(delivery)
        for hook, lot in by_hook.items():
            self._telling[hook] = asyncio.create_task(self._tell(session, hook, lot), name=f"webhook:{hook}")
        if due:
            return 0.0
        await self._deliveries.forget(self._now() - KEEP_US)
        following = await self._deliveries.next_due(self._telling)
        return IDLE_S if following is None else max(0.0, min(IDLE_S, (following - self._now()) / 1e6))

    async def _tell(self, session: aiohttp.ClientSession, hook: str, lot: list[Delivery]) -> None:
        try:
            for delivery in lot:
                if self._closed:
                    break
                done = await self._attempt(session, delivery)
                await self._deliveries.keep(done)
                if done.state == "waiting":
                    log.info("webhook_not_delivered", hook=hook, delivery=done.id, error=done.error)
        except SQLAlchemyError as error:
            log.error("webhook_not_logged", hook=hook, error=str(error))
            await asyncio.sleep(IDLE_S)  # it is told once more, and not again and again
        except Exception:  # the hook's next lot has its own chance, and the other hooks theirs
            log.exception("webhook_failed", hook=hook)
            await asyncio.sleep(IDLE_S)
        finally:
            del self._telling[hook]
            self._wake.set()

    async def _attempt(self, session: aiohttp.ClientSession, delivery: Delivery) -> Delivery:
        hook = self._hooks.get(delivery.hook)
        tried = replace(delivery, attempts=delivery.attempts + 1)
        if hook is None:
            return replace(tried, state="failed", error="the hook is gone", finished_at=self._now())
        status: int | None = None
        try:
            async with session.post(
                hook.url, data=delivery.body.encode(), headers=self._headers(delivery), allow_redirects=False
            ) as answer:
                status = answer.status
            error = None if 200 <= status < 300 else f"answered {status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:_ERROR_LENGTH]
        now = self._now()
        if error is None:
            return replace(tried, state="delivered", status=status, error=None, finished_at=now)
        again = now + pause_us(tried.attempts)
        if again > delivery.created_at + GIVE_UP_US:
            return replace(tried, state="failed", status=status, error=error, finished_at=now)
        return replace(tried, due_at=again, status=status, error=error)

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        timestamp = str(self._now() // 1_000_000)
        secret = self._secrets[delivery.hook]
        return {
            "Content-Type": "application/json",
            "X-Jackfield-Delivery": delivery.id,
            "X-Jackfield-Event": delivery.kind,
            "X-Jackfield-Timestamp": timestamp,
            "X-Jackfield-Signature": signature(secret, timestamp, delivery.body.encode()),
        }
