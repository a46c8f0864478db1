-- Strike a node off the shard's senders and leave a last event in its name: whatever it forwarded stands before that,
-- and nothing of it can come after, not even from a paused process that wakes up.
-- KEYS[1] inbox stream
-- KEYS[2] senders hash
-- ARGV[1] label
-- ARGV[2] cause
-- ARGV[3] event
-- Returns the event's inbox id
local function strike_off(keys, args)
  redis.call('XLEN', keys[1])
  redis.call('HDEL', keys[2], args[1])
  return redis.call('XADD', keys[1], '*', 'r', '', 'c', args[2], 'e', args[3])
end
