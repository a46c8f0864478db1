-- Take the shard when it is free, expired, or was this owner's already; raise the epoch, so that an older holder
-- of the lease is fenced off. Incarnations of one node (`name.1`, `name.2`) count as one owner: a restarted process
-- need not wait for the one of its name that was killed.
-- KEYS[1] head hash: owner, epoch, until (microseconds of Redis TIME), applied, clock, policy, served
-- ARGV[1] owner: a node's label or name
-- ARGV[2] length of the lease, ms
-- ARGV[3] an epoch that was seen: the new one is above it, also where the store has lost that it was given
-- Returns {'taken', epoch, now in microseconds, applied, clock}
--      or {'held', epoch, remaining ms, owner}
local function take_lease(keys, args)
  local now = time_us()
  local head = redis.call('HMGET', keys[1], 'owner', 'epoch', 'until', 'applied', 'clock')
  local owner, epoch, expiry = head[1], tonumber(head[2] or '0'), tonumber(head[3] or '0')
  if owner and name_of(owner) ~= name_of(args[1]) and expiry > now then
    return {'held', epoch, math.ceil((expiry - now) / 1000), owner}
  end
  epoch = math.max(epoch, tonumber(args[3])) + 1
  redis.call('HSET', keys[1], 'owner', args[1], 'epoch', integer(epoch),
    'until', integer(now + tonumber(args[2]) * 1000))
  return {'taken', epoch, now, tonumber(head[4] or '0'), tonumber(head[5] or '0')}
end
