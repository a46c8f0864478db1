"""Calls: a pure machine for each call, and the conductor that runs its commands on SIP, media and the router."""
