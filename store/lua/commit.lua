-- Apply one or several turns: rows, journal, applied id and clock, all or nothing. Redis does not roll back, so
-- everything that can be refused is checked before the first write; of what types the keys are with the first commit of
-- an epoch, for nobody else writes to them.
-- A repeated commit (its reply was lost) is recognised by its sequence and by its journal entries, and changes
-- nothing that it has not changed before. Rows are whole states, so writing them again is harmless.
-- KEYS[1] head hash            KEYS[2] journal stream       KEYS[3] agents hash
-- KEYS[4] work hash            KEYS[5] reservations hash    KEYS[6] policies hash
-- KEYS[7] neighbours hash      KEYS[8] inbox stream
-- ARGV[1] `args`, packed by msgpack: less work here and there than an argument for each value
-- args[1] epoch               args[2] sequence of the first turn
-- args[3] clock: `now` of the last turn, microseconds
-- args[4] version of the policy that became current, or ''
-- args[5] owner: whose lease it is. An epoch alone would not do: a store that lost its last writes may give it twice.
-- args[6] on: ten sections, each its number of values and then the values:
--   journal entries; policies (version, bytes); agents (id, bytes); reservations (id, bytes); work (id, bytes);
--   agents to delete; reservations to delete; work to delete; neighbours (shard, bytes); inbox entries that these turns
--   applied (id, request)
-- Returns {'ok', applied} or {'deposed', current epoch} or {'order', applied} or {'differs', sequence}
local function commit(keys, argv)
  local args = cmsgpack.unpack(argv[1])
  local epoch = integer(args[1])
  local head = redis.call('HMGET', keys[1], 'epoch', 'applied', 'owner', 'served')
  if head[1] ~= epoch or head[3] ~= args[5] then
    return {'deposed', tonumber(head[1] or '0')}
  end
  local entries, policies, agents, reservations, work, no_agents, no_reservations, no_work, neighbours, inbox =
    sections(args, 6, 10)
  local applied = tonumber(head[2] or '0')
  local first = args[2]
  local last = first + args[entries] - 1
  if first > applied + 1 then
    return {'order', applied}
  end
  for sequence = first, math.min(last, applied) do
    if not same_entry(keys[2], sequence, args[entries + 1 + sequence - first]) then
      return {'differs', sequence}
    end
  end
  if last <= applied then
    -- A write all the same, so that WAIT on a new connection waits for this state to be replicated.
    redis.call('HSET', keys[1], 'applied', integer(applied))
    return {'ok', applied}
  end
  if head[4] ~= epoch then
    check_types(keys)
  end

  write_turns(keys, args, math.max(first, applied + 1), first, entries, policies)
  write_rows(keys, args, agents, reservations, work, neighbours)
  chunked('HDEL', keys[3], args, no_agents)
  chunked('HDEL', keys[4], args, no_work)
  chunked('HDEL', keys[5], args, no_reservations)
  redis.call('HSET', keys[1], 'applied', integer(last), 'clock', integer(args[3]), 'served', epoch)
  if args[4] ~= '' then
    redis.call('HSET', keys[1], 'policy', args[4])
  end
  take_out(keys[8], args, inbox)
  return {'ok', last}
end
