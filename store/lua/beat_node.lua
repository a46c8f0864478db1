-- Heartbeat of one incarnation of a node.
-- KEYS[1] members hash: label -> '' or 'lost'
-- KEYS[2] this incarnation's heartbeat
-- ARGV[1] label
-- ARGV[2] time to live, ms
-- Returns 1, or 0 when it was declared lost (it must stop and join again)
local function beat_node(keys, args)
  if redis.call('HGET', keys[1], args[1]) ~= '' then
    return 0
  end
  redis.call('SET', keys[2], '1', 'PX', args[2])
  return 1
end
