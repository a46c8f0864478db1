"""The site as chats need it."""

from chat.site import ChatEntry, ChatSite
from router.vocabulary import Requirement

ENTRY = ChatEntry(
    "web", "c", "q", "hidden-secret", frozenset({"https://a.example"}), {"zh": (Requirement("mandarin"),)}
)


def test_a_locale_demands_by_its_first_part() -> None:
    for locale in ("zh", "zh-CN", "ZH-Hant-TW"):
        assert ENTRY.demands(locale) == (Requirement("mandarin"),)
    assert ENTRY.demands("en-GB") == ()


def test_the_secret_is_not_shown() -> None:
    assert "hidden-secret" not in repr(ENTRY)


def test_origins_of_all_entries() -> None:
    other = ChatEntry("app", "c", "q", origins=frozenset({"https://b.example"}))
    site = ChatSite({"web": ENTRY, "app": other}, str, str, "n1")
    assert site.origins == {"https://a.example", "https://b.example"}
    assert ChatSite({}, str, str, "n1").origins == frozenset()
