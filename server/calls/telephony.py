"""Builds what calls run on: the media workers and the SIP user agent, from the settings and the site."""

from collections.abc import Callable
from pathlib import Path

from config.settings import Settings
from media.client import WorkerEngine
from media.engine import EngineSettings
from media.events import MediaEvent
from server.calls import signalling
from server.persistence.storage import Storage
from server.web.tls import Certificate
from sip.clock import random_ids
from sip.events import SipEvent
from sip.guard import GuardSettings
from sip.settings import Settings as SipSettings
from sip.transport import Tls
from sip.ua import Ua
from store.bindings import BindingStore

REALM = "jackfield"


def media_workers(
    settings: Settings, prompts: Path, generation: int, on_event: Callable[[MediaEvent], None]
) -> WorkerEngine:
    """Not started yet. `generation` is the lease's epoch: workers of an earlier one are refused."""
    rtp_ports, webrtc_ports = split_ports(settings.rtp_ports)
    engine = EngineSettings(
        prompt_root=prompts,
        bind_host=settings.bind,
        advertise_host=settings.advertise,
        rtp_ports=rtp_ports,
        webrtc_ports=webrtc_ports,
        webrtc_hosts=(settings.bind,) if settings.on_loopback else (),
    )
    return WorkerEngine(engine, on_event, workers=settings.media_workers, generation=generation)


def user_agent(
    settings: Settings,
    storage: Storage,
    credentials: signalling.PhoneCredentials,
    certificate: Certificate | None,
    on_event: Callable[[SipEvent], None],
) -> Ua:
    """Not listening yet."""
    now = storage.shard.now
    phones = sorted(credentials.secrets)
    return Ua(
        SipSettings(
            host=settings.bind,
            port=settings.sip_port,
            tls_port=settings.sip_tls_port or None,
            advertise=settings.advertise,
            realm=REALM,
            now=now,
            ids=random_ids(),
            guard=GuardSettings(offences=settings.sip_offences, ban_us=settings.sip_ban_us, spared=settings.sip_spared),
        ),
        on_event,
        credentials=credentials,
        bindings=signalling.PhoneBindings(BindingStore(storage.connection), phones, storage.member.label, now),
        tls=None if certificate is None else Tls(certificate.context),
    )


def split_ports(whole: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The range for plain RTP (two ports a leg) and, above it, the fifth that browsers' legs get (one port a leg)."""
    first, last = whole
    border = first + (last - first + 1) * 4 // 5 // 2 * 2
    return (first, border - 1), (border, last)
