"""A server whose store checks neither epochs nor order: what the harness must find out. It exists in no release.

`python -m tests.failure.unfenced run ...` is `python -m server run ...` with another function library, in which an
owner that was deposed goes on committing, its lease is renewed, and a node that was declared lost lives on.
"""

import sys

import store.library
from server.commands.cli import main
from store.library import Library, library

# What is taken out, in the library's own words: it fails here when they change.
CHECKS = {
    # commit: the epoch and its owner, and that turns follow the last applied one
    "if head[1] ~= epoch or head[3] ~= args[5] then": "if false then",
    "if first > applied + 1 then": "if false then",
    "if not same_entry(keys[2], sequence, args[entries + 1 + sequence - first]) then": "if false then",
    "if last <= applied then\n    -- A write": "if false then\n    -- A write",
    "redis.call('HSET', keys[1], 'applied', integer(last),": "redis.call('HSET', keys[1], 'applied', "
    "integer(math.max(last, applied)),",
    # renew_lease
    "if held[1] ~= args[1] or held[2] ~= args[3] then": "if false then",
    # beat_node
    "elseif state ~= '' then": "elseif false then",
}


def unfenced(fenced: Library) -> Library:
    """The library without its checks. Raises ValueError when one of them is not there any more."""
    source = fenced.source
    for check, instead in CHECKS.items():
        if source.count(check) != 1:
            raise ValueError(f"{source.count(check)} times in the library: {check}")
        source = source.replace(check, instead)
    suffix = "unfenced"
    return Library(f"jackfield_{suffix}", source.replace(fenced.suffix, suffix), suffix, fenced.functions)


if __name__ == "__main__":
    made = unfenced(library())
    store.library.library = lambda: made  # type: ignore[assignment]  # it is cached, this need not be
    sys.exit(main())
