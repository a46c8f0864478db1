-- Count turns as applied that the store has lost for good, so that their numbers are not given to others: the records
-- have some of them.
-- KEYS[1] head hash
-- ARGV[1] epoch
-- ARGV[2] owner
-- ARGV[3] sequence of the last turn that counts as applied
-- Returns {'ok', last applied turn} or {'deposed', current epoch}
local function skip_turns(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'owner', 'applied')
  if head[1] ~= args[1] or head[2] ~= args[2] then
    return {'deposed', tonumber(head[1] or '0')}
  end
  local applied = math.max(tonumber(head[3] or '0'), tonumber(args[3]))
  redis.call('HSET', keys[1], 'applied', integer(applied))
  return {'ok', applied}
end
