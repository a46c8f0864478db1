"""Load against a running server on this machine: agents, visitors, callers and supervisors, by locust."""
