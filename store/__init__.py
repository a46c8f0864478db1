"""The shard store: commits, leases, journal and inbox in Redis (the only package that speaks to it)."""
