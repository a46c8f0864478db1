-- Prolong the lease of the current epoch. A lease that ran out may be renewed as long as nobody else took it.
-- KEYS[1] head hash
-- ARGV[1] epoch
-- ARGV[2] length of the lease from now, ms
-- ARGV[3] owner
-- ARGV[4] the last turn that the owner knows as committed
-- Returns {'ok', now in microseconds}, {'deposed', current epoch}, or {'order', applied} when the lease is prolonged and
--      the store has less than was committed (it has lost writes)
local function renew_lease(keys, args)
  local now = time_us()
  local held = redis.call('HMGET', keys[1], 'epoch', 'owner', 'applied')
  if held[1] ~= args[1] or held[2] ~= args[3] then
    return {'deposed', tonumber(held[1] or '0')}
  end
  redis.call('HSET', keys[1], 'until', integer(now + tonumber(args[2]) * 1000))
  local applied = tonumber(held[3] or '0')
  if applied < tonumber(args[4]) then
    return {'order', applied}
  end
  return {'ok', now}
end
