-- Depose the holder of one epoch at once: raise the epoch and leave the shard free. Compare-and-set, so that of
-- several peers that saw the holder's connection break only the first deposes it, and none its successor.
-- KEYS[1] head hash
-- ARGV[1] epoch to depose
-- Returns {'ok', new epoch} or {'deposed', current epoch}
local function break_lease(keys, args)
  local current = redis.call('HGET', keys[1], 'epoch') or '0'
  if current ~= args[1] then
    return {'deposed', tonumber(current)}
  end
  redis.call('HDEL', keys[1], 'owner', 'until')
  return {'ok', redis.call('HINCRBY', keys[1], 'epoch', 1)}
end
