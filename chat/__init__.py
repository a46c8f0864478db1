"""Chat: visitors' protocol, a pure machine for each chat, and the conductor that runs it on the router and SQL."""
