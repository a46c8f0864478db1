"""Tests of agents_ws."""
