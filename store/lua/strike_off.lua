-- Strike a node off the shard's senders and leave a last event in its name: whatever it forwarded stands before that,
-- and nothing of it can come after, not even from a paused process that wakes up. For the shard's owner alone: one that
-- was deposed does not know what the node left, and would have it closed before the owner has seen to it.
-- KEYS[1] inbox stream
-- KEYS[2] senders hash
-- KEYS[3] head hash
-- ARGV[1] epoch
-- ARGV[2] owner
-- ARGV[3] label
-- ARGV[4] cause
-- ARGV[5] event
-- Returns {'ok', the event's inbox id} or {'deposed', current epoch}
local function strike_off(keys, args)
  local head = redis.call('HMGET', keys[3], 'epoch', 'owner')
  if head[1] ~= args[1] or head[2] ~= args[2] then
    return {'deposed', tonumber(head[1] or '0')}
  end
  redis.call('XLEN', keys[1])
  redis.call('HDEL', keys[2], args[3])
  return {'ok', redis.call('XADD', keys[1], '*', 'r', '', 'c', args[4], 'e', args[5])}
end
