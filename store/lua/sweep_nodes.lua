-- Declare lost: members whose heartbeat ran out, where silence counts, and older incarnations of the caller's own name.
-- Marking and finding are one step, so that a late heartbeat cannot revive what is being declared lost.
-- KEYS[1] members hash: label -> '' or 'lost'
-- KEYS[2] prefix of the heartbeats (same hash tag)
-- ARGV[1] the caller's name
-- ARGV[2] the caller's incarnation
-- ARGV[3] 1 where silence counts, 0 after this store was away: nobody could beat then
-- Returns the labels of all that are lost and not yet forgotten
local function sweep_nodes(keys, args)
  local lost = {}
  local silence_counts = args[3] == '1'
  local members = redis.call('HGETALL', keys[1])
  for index = 1, #members, 2 do
    local label = members[index]
    local name, incarnation = string.match(label, '^(.*)%.(%d+)$')
    local superseded = name == args[1] and tonumber(incarnation) < tonumber(args[2])
    local itself = name == args[1] and incarnation == args[2]
    if itself then
      -- A slow start must not make a node declare itself lost.
    elseif members[index + 1] == 'lost' then
      lost[#lost + 1] = label
    elseif superseded or (silence_counts and redis.call('EXISTS', keys[2] .. label) == 0) then
      redis.call('HSET', keys[1], label, 'lost')
      redis.call('DEL', keys[2] .. label)
      lost[#lost + 1] = label
    end
  end
  return lost
end
