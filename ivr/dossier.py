"""What is known of one caller on the way through a flow, and what the work will ask for."""

from collections.abc import Iterator, Mapping

from ivr import flow as f
from ivr.commands import Enqueue, Hangup, KeepMessage, LookUp, RequestCallback
from ivr.speech import digits_prompts
from ivr.values import fill

MAX_SPOKEN_DIGITS = 32
# Long enough for a word that rules compare; what is longer is no such word.
MAX_ATTRIBUTE = 40


class Dossier:
    """Grows from node to node; the way out of the flow is made from it."""

    def __init__(self, language: str, variables: Mapping[str, str], path: tuple[str, ...] = ()) -> None:
        self.language = language
        self.data: dict[str, str] = {}
        self.path = list(path)
        self._variables = variables
        self._requirements: dict[str, int] = {}
        self._priority = 0
        self._attributes: dict[str, str] = {}

    def value(self, key: str) -> str | None:
        """Customer data or a variable."""
        if key in self.data:
            return self.data[key]
        return self.language if key == "language" else self._variables.get(key)

    def fill(self, text: str) -> str:
        """The text with its `{key}`s replaced."""
        return fill(text, self.value)

    def change(self, node: f.Set) -> None:
        """What a `set` node says; of two minimums for a skill the higher one counts, and 0 lifts the demand."""
        for skill, minimum in node.requirements:
            self._requirements[skill] = max(minimum, self._requirements.get(skill, 0))
            if not minimum:
                del self._requirements[skill]
        if node.priority is not None:
            self._priority = node.priority
        self.data.update({key: self.fill(text) for key, text in node.data.items()})
        self._attributes.update({key: self.fill(text)[:MAX_ATTRIBUTE] for key, text in node.attributes.items()})
        self.language = node.language or self.language

    def spoken(self, prompts: tuple[str, ...]) -> tuple[str, ...]:
        """Complete prompt names in the caller's language; `{key}` becomes its value's digits."""
        return tuple(name for prompt in prompts for name in self._spoken(prompt))

    def _spoken(self, prompt: str) -> Iterator[str]:
        if prompt.startswith("{"):
            digits = "".join(sign for sign in self.fill(prompt) if sign in f.DIGITS)
            yield from digits_prompts(self.language, digits[:MAX_SPOKEN_DIGITS])
        else:
            yield prompt if "/" in prompt else f"{self.language}/{prompt}"

    def enqueue(self, node: f.Queue) -> Enqueue:
        """The caller goes to a queue."""
        return Enqueue(
            queue=node.queue,
            requirements=tuple(self._requirements.items()),
            priority=self._priority,
            data=dict(self.data),
            path=tuple(self.path),
            language=self.language,
            operator=node.operator,
            attributes={key: value for key, value in self._attributes.items() if value},
        )

    def hangup(self, outcome: str) -> Hangup:
        """The call ends."""
        return Hangup(outcome, dict(self.data), tuple(self.path))

    def look_up(self, request_id: int, node: f.Lookup) -> LookUp:
        """Another program is asked."""
        query = {key: self.fill(text) for key, text in node.query.items()}
        return LookUp(request_id, node.service, node.path, query, node.timeout_us)

    def callback(self, request_id: int, node: f.Callback) -> RequestCallback:
        """The caller is to be called back."""
        requirements = tuple(self._requirements.items())
        number = self.fill(node.number)
        return RequestCallback(request_id, node.queue, number, requirements, tuple(self.path), self.language)

    def message(self, request_id: int, queue: str) -> KeepMessage:
        """What the caller said is to be heard."""
        requirements = tuple(self._requirements.items())
        return KeepMessage(request_id, queue, requirements, tuple(self.path), self.language)
