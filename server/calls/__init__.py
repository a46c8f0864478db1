"""Calls as a part of the node: telephony, agents' and supervisors' acts on calls, calls over nodes, recordings."""
