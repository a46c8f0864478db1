"""What a check finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept. `kind` is stable."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"
