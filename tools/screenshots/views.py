"""What is pictured, in the order of docs/screenshots.md, and that page itself."""

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "img" / "pages"
PAGE = ROOT / "docs" / "screenshots.md"
LANGUAGES = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
# Pages have a light and a dark look; these are shown in both.
DARK = (
    "sign-in",
    "agent-offer",
    "agent-call",
    "agent-chats",
    "supervisor",
    "supervisor-emergency",
    "visitor-form",
    "visitor-emergency",
)

VIEWS = {
    "The agents' page": {
        "sign-in": "Signing in",
        "agent-idle": "Not ready yet",
        "agent-offer": "A call is offered: who it is, why it comes here, how long it may ring",
        "agent-call": "In a call that is recorded: script, earlier interactions, what the menu collected",
        "agent-transfer": "To whom a call can be handed on",
        "agent-consult": "A colleague is asked first, the caller waits",
        "agent-wrap-up": "Wrap-up with its dispositions",
        "agent-chats": "Three chats at once, and what the customer is known by",
        "agent-replies": "Canned replies of one's own",
        "agent-follow-ups": "Callbacks and messages",
        "agent-devices": "Microphone, speaker and ringer",
        "agent-keys": "All keys, by “?”",
    },
    "The supervisors' page": {
        "supervisor": "The board: queues, what waits and why, agents, alerts, who asks for help",
        "supervisor-chat": "A chat is read along",
        "supervisor-what-if": "What a change would do, before it is made",
        "supervisor-skills": "An agent's skills",
        "supervisor-queue": "A queue's rules",
        "supervisor-emergency": "An emergency message for all who wait",
        "supervisor-export": "Figures as a file",
        "supervisor-plans": "Peak plans",
        "supervisor-follow-ups": "Callbacks and messages of all teams",
        "supervisor-interactions": "What was, with its recordings",
        "supervisor-wallboards": "Links for wallboards",
        "supervisor-audit": "Who changed what",
    },
    "The wallboard": {
        "wallboard": "Queues",
        "wallboard-agents": "The next of its pages, on a light screen",
    },
    "The visitor's widget": {
        "visitor-form": "On a page of the site",
        "visitor-talking": "In a chat",
        "visitor-emergency": "While an emergency message holds",
        "visitor-rating": "The rating at its end",
        "visitor-call": "A call from the page",
        "visitor-phone": "On a telephone",
    },
    "The start page": {"start": "Where to go"},
}


def file_of(name: str, tag: str, dark: bool = False) -> Path:
    """Where the picture of a view is kept."""
    return OUT / f"{name}.{tag}{'.dark' if dark else ''}.webp"


def page() -> str:
    """The text of docs/screenshots.md."""
    lines = [
        "# The pages",
        "",
        "Each page in the three languages, at 1280 × 800, as `make screenshots` takes them from a server with callers,",
        "visitors, agents and a supervisor at work; some in the dark look as well. Written by `tools/screenshots`.",
    ]
    for heading, views in VIEWS.items():
        lines += ["", f"## {heading}"]
        for name, caption in views.items():
            lines += ["", f"### {caption}", "", *_table(name, caption)]
    return "\n".join(lines) + "\n"


def _table(name: str, caption: str) -> list[str]:
    cells = [(title, file_of(name, tag)) for tag, title in LANGUAGES.items()]
    if name in DARK:
        cells.append(("Dark", file_of(name, "en", dark=True)))
    pictures = (f"![{caption}]({path.relative_to(PAGE.parent).as_posix()})" for _, path in cells)
    return [_row(title for title, _ in cells), _row("---" for _ in cells), _row(pictures)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
