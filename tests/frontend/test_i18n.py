"""The language files: complete, alike, and all of it used."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pytest

from agents_ws.messages import ByeCode, LegState
from config.site import OPENINGS
from http_api.nodes_api import NodeRole, NodeState
from http_api.statistics_api import By
from http_api.targets_api import Availability
from records.accounts import Role
from records.recordings import RecordingState
from router import explain
from router.alerts import AlertKind
from router.policy import Strategy
from router.vocabulary import (
    REASON_CONNECTION_LOST,
    REASON_LEG_FAILED,
    REASON_MISSED_OFFER,
    REASON_SIGNED_IN,
    EndedBy,
    Medium,
    OfferState,
    Outcome,
    Presence,
    WithdrawReason,
)
from voice.recording import Told
from voice.web_messages import RefusedCode

FRONTEND = Path(__file__).parents[2] / "frontend"
LANGUAGES = ("en", "zh-CN", "zh-TW")


@dataclass(frozen=True)
class Catalogue:
    """Language files and the pages that use them. `groups`: what a key with a variable part can become.

    The codes of `open_groups` come from the server or the site; the pages fall back to the plain code or message, so
    these may grow without them.
    """

    folder: str
    scripts: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    open_groups: tuple[str, ...] = ()
    texts: dict[str, dict[str, str]] = field(init=False)
    source: str = field(init=False)

    def __post_init__(self) -> None:
        files = {name: FRONTEND / self.folder / f"{name}.json" for name in LANGUAGES}
        texts = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items()}
        object.__setattr__(self, "texts", texts)
        paths = [path for pattern in self.scripts for path in sorted(FRONTEND.glob(pattern))]
        object.__setattr__(self, "source", "\n".join(path.read_text(encoding="utf-8") for path in paths))

    @property
    def variable(self) -> set[str]:
        return {f"{group}.{code}" for group, codes in self.groups.items() for code in codes}


# What leads an offer's reason, and the words of router.choice.
TERMS = (
    "busy",
    "handled_today",
    "idle_since",
    "idle_weight",
    "load",
    "points",
    "preference",
    "preferred",
    "proficiency",
    "yielded",
)
# server.floor.what_if_basis
ASSUMED_FROM = (
    *("last_hour_and_weeks", "last_hour", "weeks", "last_hours", "last_days"),
    *("medium", "little_known", "assumed"),
)
WALLBOARDS = ("make_wallboard", "name_wallboard", "revoke_wallboard")
FOLLOW_UPS = ("take_follow_up", "finish_follow_up", "hear_recording")
RECORDINGS = ("pause_recording", "remove_recording")
CUSTOMERS = ("merge_customers", "unmerge_customers", "edit_customer")
PLANS = ("apply_plan", "save_plan", "pull_back", "undo")
MARKS = ("sent", "delivered", "read")
STAFF = Catalogue(
    folder="i18n",
    scripts=("agent/**/*.js", "supervisor/**/*.js", "wallboard/*.js", "start/*.js", "lib/*.js"),
    groups={
        "offer.medium": tuple(Medium),
        "devices": ("microphone", "speaker", "ringer"),
        "presence": tuple(Presence),
        "media": tuple(f"{medium}{state}" for medium in Medium for state in ("", ".on", ".off")),
        "today": ("handled", "handle_time", "occupancy", "rating", "missed"),
        "ended_by": tuple(EndedBy),
        "chat_ended_by": tuple(EndedBy),
        "outcome": tuple(Outcome),
        "leg": get_args(LegState),
        "call": ("accepted", "connected", "held", "ended"),
        "chat": (
            *("accepted", "connected", "ended", *(f"mark_{mark}" for mark in MARKS)),
            *("wait_fresh", "wait_late", "wait_very_late"),
        ),
        "connection": ("connecting", "online", "waiting", "ended", "replaced", "elsewhere"),
        "reason": (REASON_CONNECTION_LOST, REASON_LEG_FAILED, REASON_MISSED_OFFER, REASON_SIGNED_IN),
        "withdrawn": tuple(set(WithdrawReason) - {WithdrawReason.REJECTED, WithdrawReason.SIGNED_OUT}),
        "strategy": tuple(Strategy),
        "term": TERMS,
        "sign_in": (ByeCode.UNAUTHORIZED, ByeCode.SIGNED_OUT),
        "notice": (REASON_MISSED_OFFER, REASON_LEG_FAILED),
        "banner": ("microphone", "no_microphone", "unsupported", "playback"),
        "idle": ("unreachable_sip", "unreachable_webrtc"),
        "action": (
            *("set_presence", "move_work", "direct_work", "cancel_work", "set_rules", "reload_site"),
            *("listen", "take_over"),
            *FOLLOW_UPS,
            *CUSTOMERS,
            *RECORDINGS,
            *WALLBOARDS,
            *PLANS,
        ),
        "opening": OPENINGS,
        "held": tuple((set(OfferState) | {"assigned"}) - {OfferState.CLOSED}),
        "role": tuple(Role),
        "rule": explain.RULES,
        "alert": tuple(AlertKind),
        "export": ("by", "period", "step"),
        "export_by": tuple(By),
        "export_period": ("day", "week", "month"),
        "export_step": ("none", "1h", "day"),
        "profile": ("clue_name", "clue_value"),
        "party": ("coming", "here", "held", "away", "listen", "whisper", "barge"),
        "transfer": get_args(Availability),
        "summary": ("waiting", "longest", "talking", "ready", "not_ready"),
        "shards": (
            *("works", "pauses", "no_owner", "not_reached"),
            *(f"node_{state}" for state in get_args(NodeState)),
            *(f"role_{role}" for role in get_args(NodeRole)),
        ),
        "supervisor": ("board", "plans", "follow_ups", "interactions", "wallboards", "audit"),
        "medium": tuple(Medium),
        "capacity": (*Medium, "total"),
        "queues": ("queue", "medium", "channel", "by_queue", "by_medium", "by_channel"),
        "agents": (
            *(f"only_{which}" for which in ("here", "ready", "not_ready", "talking", "offline")),
            *(f"by_{order}" for order in ("name", "since", "load", "occupancy", "missed")),
            *("age_near", "age_over"),
        ),
        "sheet": (
            *(f"rule_{name}" for name in ("priority", "seconds", "percent", "offer", "wrap_up")),
            *(f"serve_{how}" for how in ("only", "first", "any")),
        ),
        "recording_now": ("on", "silent", "paused", "failed"),
        "recording_state": get_args(RecordingState),
        "recording_told": tuple(set(Told) - {Told.REFUSED}),
        "wall.medium": tuple(Medium),
        "what_if": (
            *("level", "wait_us", "abandoned", "unserved", "occupancy"),
            *("better", "worse", "busier", "freer", "unclear"),
        ),
        "what_if.from": ASSUMED_FROM,
        "view": ("work", "follow_ups"),
        "start": tuple(f"{page}{text}" for page in ("agent", "supervisor", "visitor") for text in ("", "_text")),
        "watch": tuple(f"{call}{mode}" for call in ("", "call_") for mode in ("listen", "whisper", "barge")),
        "live_chats": (
            *("waiting", "talking", "parked", "ended", "mode_listen", "mode_whisper", "mode_barge"),
            *("say_whisper", "say_barge"),
        ),
        "live_calls": tuple(
            f"{part}_{mode}" for part in ("mode", "now", "is") for mode in ("listen", "whisper", "barge")
        ),
        "agent_why": ("presence", "connection", "total_units", "nothing_waits", "rules", "may_take"),
        "park_for": ("minutes", "hour", "hours", "latest"),
    },
    open_groups=(
        "refused",
        "call_back_refused",
        "subject",
        "data",
        "identity",
        "field",
        "intervention",
        "language",
        "follow_ups_problem",
        "own_replies_problem",
    ),
)
VISITORS = Catalogue(
    folder="widget/i18n",
    scripts=("widget/**/*.js", "visitor/*.js", "visitor/*.html", "lib/web-call.js"),
    groups={
        "mark": MARKS,
        "call_state": (
            *("microphone", "connecting", "in_ivr", "waiting", "place", "reconnecting", "ended"),
            *(f"{state}{nameless}" for state in ("connected", "held") for nameless in ("", "_nameless")),
        ),
        "call_refused": (*(code for code in get_args(RefusedCode) if code != "unknown_call"), "microphone"),
        "shop": ("theme_auto", "theme_light", "theme_dark"),
    },
    open_groups=("problem",),
)
CATALOGUES = [pytest.param(STAFF, id="staff"), pytest.param(VISITORS, id="visitors")]


def used_keys(catalogue: Catalogue) -> set[str]:
    texts, source = catalogue.texts["en"], catalogue.source
    plain = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', source))
    return {key for key in plain if key in texts or re.search(rf'\bt\((?:[^()]*\? )?"{re.escape(key)}"', source)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_the_same_keys_and_parameters_in_each_language(catalogue: Catalogue, language: str) -> None:
    texts = catalogue.texts
    assert texts[language].keys() == texts["en"].keys()
    for key, text in texts[language].items():
        assert text.strip(), key
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", texts["en"][key])), key


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_chinese_is_chinese(catalogue: Catalogue, language: str) -> None:
    texts = catalogue.texts[language]
    assert [key for key, text in texts.items() if not re.search(r"[\u4e00-\u9fff]", text)] == []


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_simplified_and_traditional_are_not_mixed_up(catalogue: Catalogue) -> None:
    simplified, traditional = ("".join(catalogue.texts[name].values()) for name in ("zh-CN", "zh-TW"))
    assert not set(simplified) & set("請連線顯時間話機無錄處頁頭來電結開這們會員")
    assert not set(traditional) & set("请连线显时间话机无录处页头来电结开这们会员") - set("線機")


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_key_in_the_code_has_a_text(catalogue: Catalogue) -> None:
    source, texts = catalogue.source, catalogue.texts["en"]
    called = set(re.findall(r'\bt\("([^"]+)"', source)) | set(re.findall(r'\bt\([^()"`]*\? "([^"]+)"', source))
    called |= set(re.findall(r'\bt\([^()"`]*\? "[^"]+" : "([^"]+)"', source))
    called |= set(re.findall(r'data-text="([^"]+)"', source))
    assert called, "the pattern still finds something"
    assert called - texts.keys() == set()
    assert catalogue.variable - texts.keys() == set()


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_text_is_used(catalogue: Catalogue) -> None:
    left = catalogue.texts["en"].keys() - used_keys(catalogue) - catalogue.variable
    assert {key for key in left if key.split(".")[0] not in catalogue.open_groups} == set()
