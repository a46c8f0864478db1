"""The language files: complete, alike, and all of it used."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from agents_ws.messages import ByeCode, LegState
from router.vocabulary import (
    REASON_CONNECTION_LOST,
    REASON_LEG_FAILED,
    REASON_MISSED_OFFER,
    REASON_SIGNED_IN,
    EndedBy,
    Medium,
    Outcome,
    Presence,
    WithdrawReason,
)

FRONTEND = Path(__file__).parents[2] / "frontend"
LANGUAGES = ("en", "zh-CN", "zh-TW")
TEXTS = {name: json.loads((FRONTEND / "i18n" / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES}
SCRIPTS = [path for folder in ("agent", "lib", "supervisor") for path in FRONTEND.glob(f"{folder}/**/*.js")]
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)

# What a key with a variable part can become.
GROUPS: dict[str, tuple[str, ...]] = {
    "offer.medium": tuple(Medium),
    "presence": tuple(Presence),
    "ended_by": tuple(EndedBy),
    "outcome": tuple(Outcome),
    "leg": get_args(LegState),
    "call": ("accepted", "connected", "held", "ended"),
    "chat": ("accepted", "connected", "ended", "mark_sent", "mark_delivered", "mark_read"),
    "chat_ended_by": tuple(EndedBy),
    "connection": ("connecting", "online", "waiting", "ended"),
    "reason": (REASON_CONNECTION_LOST, REASON_LEG_FAILED, REASON_MISSED_OFFER, REASON_SIGNED_IN),
    "withdrawn": tuple(
        set(WithdrawReason) - {WithdrawReason.REJECTED, WithdrawReason.EXPIRED, WithdrawReason.SIGNED_OUT}
    ),
    "strategy": ("best_proficiency", "longest_idle"),
    "term": ("load", "proficiency", "idle_since"),
    "sign_in": (ByeCode.UNAUTHORIZED, ByeCode.SIGNED_OUT),
    "notice": (REASON_MISSED_OFFER, REASON_LEG_FAILED),
    "banner": ("microphone", "no_microphone", "unsupported", "playback"),
}
# Codes come from the server; the page falls back to its message, so these may grow without it.
OPEN_GROUPS = ("refused", "data", "identity")


def used_keys() -> set[str]:
    plain = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', SOURCE))
    return {key for key in plain if key in TEXTS["en"] or re.search(rf'\bt\((?:[^()]*\? )?"{re.escape(key)}"', SOURCE)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_keys_and_parameters_in_each_language(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    for key, text in TEXTS[language].items():
        assert text.strip(), key
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", TEXTS["en"][key])), key


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
def test_chinese_is_chinese(language: str) -> None:
    untranslated = [key for key, text in TEXTS[language].items() if not re.search(r"[\u4e00-\u9fff]", text)]
    assert untranslated == []


def test_simplified_and_traditional_are_not_mixed_up() -> None:
    simplified, traditional = "".join(TEXTS["zh-CN"].values()), "".join(TEXTS["zh-TW"].values())
    assert not set(simplified) & set("請連線顯時間話機無錄處頁頭來電結")
    assert not set(traditional) & set("请连线显时间话机无录处页头来电结") - set("線機")


def test_every_key_in_the_code_has_a_text() -> None:
    called = set(re.findall(r'\bt\("([^"]+)"', SOURCE)) | set(re.findall(r'\bt\([^()"`]*\? "([^"]+)"', SOURCE))
    assert called, "the pattern still finds something"
    assert called - TEXTS["en"].keys() == set()
    for group, codes in GROUPS.items():
        missing = {f"{group}.{code}" for code in codes} - TEXTS["en"].keys()
        assert missing == set()


def test_every_text_is_used() -> None:
    variable = {f"{group}.{code}" for group, codes in GROUPS.items() for code in codes}
    unused = {
        key
        for key in TEXTS["en"].keys() - used_keys() - variable
        if key.split(".")[0] not in OPEN_GROUPS and not key.startswith("idle.unreachable_")
    }
    assert unused == set()
