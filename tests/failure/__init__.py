"""Nodes, Redis, agents and customers as processes that are killed, and what their histories say afterwards."""
