"""The SIP user agent and voice, brought together: events one way, who may register, and where phones are kept."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import assert_never

import structlog

from records.phones import PhoneSecret
from sip import events as sip
from sip.bindings import Binding
from store.bindings import BindingStore
from store.errors import StoreError
from voice.conductor import Conductor
from voice.phone_transfers import Referral
from voice.ports import CallOffer

log = structlog.get_logger(__name__)


def hand_over(  # noqa: C901 - one flat match over all events, on purpose
    event: sip.SipEvent, conductor: Conductor, phone: Callable[[str, bool], None]
) -> None:
    """A SIP event to whom it concerns. `phone` is told of a user's phone: there or not."""
    match event:
        case sip.CallReceived():
            offer = CallOffer(
                event.call,
                event.from_user,
                event.from_display,
                event.to_user,
                event.offer,
                event.user,
                event.at_phone,
                event.replaces,
            )
            conductor.call_received(offer)
        case sip.CallConfirmed(call, sdp):
            conductor.call_confirmed(call, sdp)
        case sip.CallAnswered(call, answer):
            conductor.call_answered(call, answer)
        case sip.CallRinging(call, _):
            conductor.call_rang(call)
        case sip.CallFailed(call, code, reason):
            conductor.call_failed(call, code, reason)
        case sip.CallCancelled(call):
            conductor.call_ended(call, "cancelled")
        case sip.CallEnded(call, by, reason):
            conductor.call_ended(call, reason or by)
        case sip.OfferReceived(call, sdp):
            conductor.offer_received(call, sdp)
        case sip.ReferReceived(call, to_user, replaces, attended):
            conductor.phones.refer(Referral(call, to_user, replaces, attended))
        case sip.ReferAnswered(call, code):
            conductor.moving.answered(call, code)
        case sip.DigitPressed(call, digit, _):
            conductor.digit_pressed(call, digit)
        case sip.PhoneRegistered(user, _):
            phone(user, True)
        case sip.PhoneUnregistered(user):
            phone(user, False)
        case sip.TrunkChanged(trunk, up, reason):
            log.log(logging.INFO if up else logging.WARNING, "trunk_changed", trunk=trunk, up=up, reason=reason)
        case sip.OfferWithdrawn() | sip.OfferRefused():
            return
        case _:
            assert_never(event)


class PhoneCredentials:
    """Who may register a phone: one secret a user; `secrets` is replaced when the site is read again."""

    def __init__(self, secrets: Mapping[str, PhoneSecret]) -> None:
        self.secrets = secrets

    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        """The stored HA1 for "MD5" or "SHA-256"; None for a stranger."""
        secret = self.secrets.get(user)
        if secret is None or secret.realm != realm:
            return None
        return secret.ha1_sha256 if algorithm == "SHA-256" else secret.ha1_md5


class PhoneBindings:
    """The registrar's bindings in the store, so that phones survive a restart. `node` is where the flow ends."""

    def __init__(self, store: BindingStore, users: Sequence[str], node: str, now: Callable[[], int]) -> None:
        self._store = store
        self._users = users
        self._node = node
        self._now = now
        self._contacts: dict[str, set[str]] = {}

    async def load(self) -> list[Binding]:
        """All bindings of the site's phones; an unreachable store means none, phones register again by themselves."""
        found: list[Binding] = []
        for user in self._users:
            try:
                kept = await self._store.load(user, now=self._now())
            except StoreError as error:
                log.warning("bindings_not_loaded", user=user, error=str(error))
                continue
            self._contacts[user] = set(kept)
            found += [_binding(fields) for fields in kept.values()]
        return found

    async def save(self, user: str, bindings: Sequence[Binding]) -> None:
        """Replace one user's bindings."""
        now = self._now()
        try:
            gone = self._contacts.get(user, set()) - {binding.contact for binding in bindings}
            for contact in sorted(gone):
                await self._store.remove(user, contact)
            for binding in bindings:
                fields = {**asdict(binding), "node": self._node}
                ttl = max(1, binding.expires_at_us - now)
                await self._store.save(user, binding.contact, fields, now=now, ttl_us=ttl)
            self._contacts[user] = {binding.contact for binding in bindings}
        except StoreError as error:
            log.warning("bindings_not_saved", user=user, error=str(error))


def _binding(fields: Mapping[str, str | int]) -> Binding:
    return Binding(
        user=str(fields["user"]),
        contact=str(fields["contact"]),
        q=int(fields["q"]),
        expires_at_us=int(fields["expires_at_us"]),
        call_id=str(fields["call_id"]),
        cseq=int(fields["cseq"]),
        transport=str(fields["transport"]),
        host=str(fields["host"]),
        port=int(fields["port"]),
        instance=str(fields.get("instance", "")),
    )
