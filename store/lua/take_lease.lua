-- Take the shard when it is free, expired, or was this owner's already; raise the epoch, so that an older holder
-- of the lease (a process of the same name that was killed, say) is fenced off.
-- KEYS[1] lease hash: owner, epoch, until (microseconds of Redis TIME)
-- KEYS[2] state hash: applied, clock, inbox
-- ARGV[1] owner
-- ARGV[2] length of the lease, ms
-- Returns {'taken', epoch, now in microseconds, applied, clock, inbox id}
--      or {'held', epoch, remaining ms, owner}
local function take_lease(keys, args)
  local now = time_us()
  local held = redis.call('HMGET', keys[1], 'owner', 'epoch', 'until')
  local owner, epoch, expiry = held[1], tonumber(held[2] or '0'), tonumber(held[3] or '0')
  if owner and owner ~= args[1] and expiry > now then
    return {'held', epoch, math.ceil((expiry - now) / 1000), owner}
  end
  local state = redis.call('HMGET', keys[2], 'applied', 'clock', 'inbox')
  epoch = epoch + 1
  redis.call('HSET', keys[1], 'owner', args[1], 'epoch', integer(epoch),
    'until', integer(now + tonumber(args[2]) * 1000))
  return {'taken', epoch, now, tonumber(state[1] or '0'), tonumber(state[2] or '0'), state[3] or ''}
end
