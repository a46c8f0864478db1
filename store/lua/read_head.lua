-- Who owns the shard and how far it is, with the time at which that was so.
-- KEYS[1] head hash
-- Returns {now in microseconds, owner, epoch, until, applied, clock, served}; what is not there is nil
local function read_head(keys)
  return {time_us(), unpack(redis.call('HMGET', keys[1], 'owner', 'epoch', 'until', 'applied', 'clock', 'served'))}
end
