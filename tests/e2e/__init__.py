"""The whole server as a user starts it, with real clients."""
