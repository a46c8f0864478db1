"""locust users against a running server on this machine."""
