-- Give the lease of the current epoch back. The epoch stays, so that it only ever grows.
-- KEYS[1] head hash
-- ARGV[1] epoch
-- Returns {'ok', epoch} or {'deposed', current epoch}
local function release_lease(keys, args)
  local current = redis.call('HGET', keys[1], 'epoch') or '0'
  if current ~= args[1] then
    return {'deposed', tonumber(current)}
  end
  redis.call('HDEL', keys[1], 'owner', 'until')
  return {'ok', tonumber(current)}
end
