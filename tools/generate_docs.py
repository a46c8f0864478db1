"""`make docs`: draws every generated page again. Each page's own test fails when it is out of date."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# module that prints the page -> the page; modules that write their pages themselves have none.
PRINTED = {
    "config.settings": "docs/settings.md",
    "ivr.transitions": "docs/states/ivr.md",
}
WRITTEN = ("tools.state_tables", "tools.race_table", "tools.protocol_pages")


def run(*arguments: str) -> str:
    """One module's output."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def main() -> None:
    """All pages."""
    for module, page in PRINTED.items():
        text = run(module)
        (ROOT / page).write_text(text, encoding="utf-8")
        print(page)
    for module in WRITTEN:
        print(run(module).strip() or module)


if __name__ == "__main__":
    main()
