-- Helpers of the functions of this library.

-- Exact decimal text of an integer below 2^53 (tostring would give 1.7e+15).
local function integer(value)
  return string.format('%.0f', value)
end

-- Redis TIME in microseconds.
local function time_us()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000000 + tonumber(now[2])
end

-- The node's name of a label `name.incarnation`; any other text is a name itself.
local function name_of(label)
  return string.match(label, '^(.*)%.%d+$') or label
end

-- Split arguments from `position` into `number` sections, each led by its number of values; returns {from, to, count} each.
local function sections(args, position, number)
  local found = {}
  for index = 1, number do
    local count = tonumber(args[position])
    found[index] = {from = position + 1, to = position + count, count = count}
    position = position + count + 1
  end
  if position ~= #args + 1 then
    error('commit: malformed arguments')
  end
  return unpack(found)
end

-- Is the journal's entry of `sequence` these bytes? One that was trimmed already counts as the same.
local function same_entry(journal, sequence, bytes)
  local id = integer(sequence) .. '-0'
  local entry = redis.call('XRANGE', journal, id, id)[1]
  return entry == nil or entry[2][2] == bytes
end

-- The highest sequence that the journal ever had, trimmed or not; 0 for one that is not there.
local function last_sequence(journal)
  if redis.call('EXISTS', journal) == 0 then
    return 0
  end
  local info = redis.call('XINFO', 'STREAM', journal)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then
      return tonumber(string.match(info[index + 1], '^%d+'))
    end
  end
end

-- Call HSET or HDEL with a section's values; in pieces, because the Lua stack is bounded.
local function chunked(command, key, args, section)
  for from = section.from, section.to, 1000 do
    redis.call(command, key, unpack(args, from, math.min(from + 999, section.to)))
  end
end

-- Refuse a key of another type before anything is written, when there is something to write to it.
local function check_hash(key, written, deleted)
  if written.count + deleted.count > 0 then
    redis.call('HLEN', key)
  end
end

-- Return by work id the queue in whose sorted set it stands; refuses keys of another type like check_hash.
local function read_places(placed, prefix, args, places)
  local old = {}
  local touched = {}
  for index = places.from, places.to, 3 do
    local work_id, queue = args[index], args[index + 1]
    old[work_id] = redis.call('HGET', placed, work_id)
    for _, name in ipairs({old[work_id] or '', queue}) do
      if name ~= '' and not touched[name] then
        redis.call('ZCARD', prefix .. name)
        touched[name] = true
      end
    end
  end
  return old
end

-- Keep the sorted sets of the queues: each (work id, queue, score); queue '' takes the item out.
local function write_places(placed, prefix, args, places, old_queues)
  for index = places.from, places.to, 3 do
    local work_id, queue = args[index], args[index + 1]
    local old = old_queues[work_id]
    if old and old ~= queue then
      redis.call('ZREM', prefix .. old, work_id)
    end
    if queue ~= '' then
      redis.call('ZADD', prefix .. queue, args[index + 2], work_id)
    end
    if queue == '' and old then
      redis.call('HDEL', placed, work_id)
    elseif queue ~= '' and old ~= queue then
      redis.call('HSET', placed, work_id, queue)
    end
  end
end

-- Write what turns leave: journal entries from sequence `from` on (`first` is the sequence of the first in `rows.entries`),
-- policies, whole rows, and places in queues. KEYS[2] to KEYS[8] and KEYS[10] are the same wherever it is called.
local function write_turns(keys, args, from, first, rows)
  for sequence = from, first + rows.entries.count - 1 do
    redis.call('XADD', keys[2], integer(sequence) .. '-0', 't', args[rows.entries.from + sequence - first])
  end
  if rows.policies.count > 0 then
    -- The one that held until now is needed up to here as well: who reads now may have its name from a moment ago.
    local last, holds = integer(first + rows.entries.count - 1), redis.call('HGET', keys[1], 'policy')
    if holds then
      redis.call('HSET', keys[6], 'at:' .. holds, last)
    end
    for index = rows.policies.from, rows.policies.to, 2 do
      redis.call('HSETNX', keys[6], args[index], args[index + 1])
      redis.call('HSET', keys[6], 'at:' .. args[index], last)
    end
  end
  chunked('HSET', keys[3], args, rows.agents)
  chunked('HSET', keys[4], args, rows.work)
  chunked('HSET', keys[5], args, rows.reservations)
  chunked('HSET', keys[10], args, rows.neighbours)
  write_places(keys[7], keys[8], args, rows.places, rows.old_queues)
end
