"""Chats as a part of the node: their homes, agents' and supervisors' acts on them, files."""
