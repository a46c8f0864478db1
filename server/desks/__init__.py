"""Agents' desks: what they ask, what their pages show, whom they can reach, customers, notes and follow-ups."""
