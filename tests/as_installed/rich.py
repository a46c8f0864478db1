"""In place of a package that only tests bring: without it a server is as `make run` installs it, and starts sooner.

structlog loads it wherever it finds it: a seventh of what each of a server's processes spends until it is there.
"""

raise ImportError("a server has no rich")
