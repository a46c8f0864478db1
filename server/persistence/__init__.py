"""What is kept: the store's process, the journal and its files, the records' process, statistics, backups."""
