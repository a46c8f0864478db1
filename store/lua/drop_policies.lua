-- Forget the policies that ceased to hold before the turns that are in files: no turn of the journal names them.
-- KEYS[1] head hash
-- KEYS[2] policies hash: version -> policy, and `at:` .. version -> the last turn that named it or under which it held
-- ARGV[1] sequence: those that were last needed at this turn or earlier go, but for the one that holds
-- Returns how many went
local function drop_policies(keys, args)
  local holds = redis.call('HGET', keys[1], 'policy')
  local gone = 0
  for _, field in ipairs(redis.call('HKEYS', keys[2])) do
    local version = string.match(field, '^at:(.*)$')
    if version and version ~= holds and tonumber(redis.call('HGET', keys[2], field)) <= tonumber(args[1]) then
      redis.call('HDEL', keys[2], version, field)
      gone = gone + 1
    end
  end
  return gone
end
