-- Put a shard back as its owner has it in memory, into a store that has lost writes (a replica was promoted that did not
-- have them, or the server came back without its file): all rows, and the last turns of the journal. What these rows
-- have of the inbox leaves it, as with a commit: whoever starts from them must not meet it again.
-- KEYS[1] head hash            KEYS[2] journal stream       KEYS[3] agents hash
-- KEYS[4] work hash            KEYS[5] reservations hash    KEYS[6] policies hash
-- KEYS[7] neighbours hash      KEYS[8] inbox stream         KEYS[9] senders hash
-- ARGV[1] epoch                ARGV[2] owner
-- ARGV[3] length of the lease from now, ms
-- ARGV[4] sequence of the first turn below                  ARGV[5] sequence of the last
-- ARGV[6] clock: `now` of the last turn, microseconds
-- ARGV[7] version of the current policy
-- ARGV[8] on: eight sections, each its number of values and then the values:
--   journal entries; policies (version, bytes); agents (id, bytes); reservations (id, bytes); work (id, bytes);
--   senders (label, number); senders that were struck off; neighbours (shard, bytes)
-- Returns {'ok', sequence of the last turn} or {'deposed', current epoch}
local function reseed(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'owner')
  local stored, mine = tonumber(head[1] or '0'), tonumber(args[1])
  if stored > mine or (stored == mine and head[2] ~= args[2]) then
    return {'deposed', stored}
  end
  local entries, policies, agents, reservations, work, senders, gone, neighbours = sections(args, 8, 8)
  local first, last = tonumber(args[4]), tonumber(args[5])
  local known = last_sequence(keys[2])
  for sequence = first, math.min(last, known) do
    if known > last or not same_entry(keys[2], sequence, args[entries + 1 + sequence - first]) then
      known = 0
      redis.call('DEL', keys[2])
      break
    end
  end
  redis.call('DEL', keys[3], keys[4], keys[5], keys[7])
  write_turns(keys, args, math.max(first, known + 1), first, entries, policies)
  write_rows(keys, args, agents, reservations, work, neighbours)
  local decided = {}
  for index = senders + 1, senders + tonumber(args[senders]), 2 do
    local label, number = args[index], tonumber(args[index + 1])
    decided[label] = number
    redis.call('HSET', keys[9], label, integer(math.max(number, tonumber(redis.call('HGET', keys[9], label) or '0'))))
  end
  chunked('HDEL', keys[9], args, gone)
  for _, entry in ipairs(redis.call('XRANGE', keys[8], '-', '+')) do
    local label, number = string.match(entry[2][2], '^(.*)/(%d+)$')
    if label and tonumber(number) <= (decided[label] or 0) then
      redis.call('XDEL', keys[8], entry[1])
    end
  end
  redis.call('HSET', keys[1], 'owner', args[2], 'epoch', args[1], 'until',
    integer(time_us() + tonumber(args[3]) * 1000), 'applied', args[5], 'clock', args[6], 'policy', args[7],
    'served', args[1])
  return {'ok', last}
end
