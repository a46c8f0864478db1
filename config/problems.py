"""What is wrong in a site's files, all of it at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake: the file (relative to the site's folder), the dotted key in it, what is wrong, what to do."""

    file: str
    path: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else self.file
        return f"{where}: {self.message}" + (f" ({self.suggestion})" if self.suggestion else "")


class ConfigProblems(Exception):  # noqa: N818 - it reports problems, one or many
    """The site cannot be used; `problems` is never empty."""

    def __init__(self, site: str, problems: tuple[ConfigProblem, ...]) -> None:
        self.problems = problems
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"the site {site} has {count}:\n{lines}")
