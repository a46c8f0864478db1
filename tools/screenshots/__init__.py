"""Pictures of every page at real work, in three languages, by day and by night: `make screenshots`."""
