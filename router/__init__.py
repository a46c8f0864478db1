"""The pure router: decides which agent gets which work item. No I/O, no clock, no randomness."""
