"""The lines of an agent's chats, as their page has them: which are new, and which one waits for an answer."""

from collections import defaultdict

from agents_ws import messages as m

# What a visitor says who has nothing more to ask.
GOODBYE = "goodbye"
Line = m.ChatLine | m.ChatMessage


class Chats:
    """By reservation."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[int, Line]] = defaultdict(dict)

    def take(self, reservation: str, line: Line) -> Line | None:
        """The line, unless the page has just this one already."""
        known = self._lines[reservation].get(line.number)
        self._lines[reservation][line.number] = line
        fresh = known is None or (known.author, known.text) != (line.author, line.text)
        return line if fresh else None

    def unanswered(self, reservation: str) -> Line | None:
        """The last line that anybody said, if it is the customer's. Where one is missing the agent waits for it."""
        if len(self._lines[reservation]) != max(self._lines[reservation], default=0):
            return None
        spoken = [line for _, line in sorted(self._lines[reservation].items()) if line.author != "system"]
        return spoken[-1] if spoken and spoken[-1].author == "customer" else None
