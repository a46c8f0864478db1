"""The shard's routing in this node: the pump, the lease, replicas, takeover, what other nodes and shards forward."""
