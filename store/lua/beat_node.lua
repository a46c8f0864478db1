-- Heartbeat of one incarnation of a node.
-- KEYS[1] members hash: label -> '' or 'lost'
-- KEYS[2] this incarnation's heartbeat
-- KEYS[3] incarnations hash: name -> number of the last one
-- ARGV[1] label
-- ARGV[2] time to live, ms
-- ARGV[3] name
-- ARGV[4] incarnation
-- Returns 1; 2 when the register had never heard of it (the store has lost that it joined) and has it again;
--      or 0 when it was declared lost (it must stop and join again)
local function beat_node(keys, args)
  local state = redis.call('HGET', keys[1], args[1])
  local back = not state and tonumber(redis.call('HGET', keys[3], args[3]) or '0') < tonumber(args[4])
  if back then
    redis.call('HSET', keys[3], args[3], args[4])
    redis.call('HSET', keys[1], args[1], '')
  elseif state ~= '' then
    return 0
  end
  redis.call('SET', keys[2], '1', 'PX', args[2])
  return back and 2 or 1
end
