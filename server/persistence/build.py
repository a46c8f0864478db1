"""Which code decides: a journal names it, so that a replay by other code says so."""

import hashlib
from functools import cache
from pathlib import Path

import router


@cache
def code_version() -> str:
    """A short hash over the sources of router/: two machines with the same one decide alike."""
    digest = hashlib.sha256()
    for path in sorted(Path(router.__path__[0]).glob("*.py")):
        # Line ends may differ between machines; decisions do not.
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return f"router-{digest.hexdigest()[:12]}"
