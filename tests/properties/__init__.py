"""Long random walks of the dispatcher against its invariants, an oracle, replay and restore."""
