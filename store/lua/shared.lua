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

-- Split arguments from `position` into `number` sections, each led by its number of values; returns where each begins:
-- the place of that number.
local function sections(args, position, number)
  local found = {}
  for index = 1, number do
    found[index] = position
    position = position + tonumber(args[position]) + 1
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

-- Refuse keys of another type, those of the function `commit`, before anything is written.
local function check_types(keys)
  for _, stream in ipairs({2, 8}) do
    redis.call('XLEN', keys[stream])
  end
  for hash = 3, 7 do
    redis.call('HLEN', keys[hash])
  end
end

-- Call HSET or HDEL with the values of the section at `at`; in pieces, because the Lua stack is bounded.
local function chunked(command, key, args, at)
  local last = at + tonumber(args[at])
  for from = at + 1, last, 1000 do
    redis.call(command, key, unpack(args, from, math.min(from + 999, last)))
  end
end

-- Write the journal's entries from sequence `from` on (`first` is the sequence of the first in the section `entries`) and
-- the policies. KEYS[1] to KEYS[7] are the same wherever this and `write_rows` are called.
local function write_turns(keys, args, from, first, entries, policies)
  local last = first + tonumber(args[entries]) - 1
  for sequence = from, last do
    redis.call('XADD', keys[2], integer(sequence) .. '-0', 't', args[entries + 1 + sequence - first])
  end
  local named = tonumber(args[policies])
  if named > 0 then
    -- The one that held until now is needed up to here as well: who reads now may have its name from a moment ago.
    local upto, holds = integer(last), redis.call('HGET', keys[1], 'policy')
    if holds then
      redis.call('HSET', keys[6], 'at:' .. holds, upto)
    end
    for index = policies + 1, policies + named, 2 do
      redis.call('HSETNX', keys[6], args[index], args[index + 1])
      redis.call('HSET', keys[6], 'at:' .. args[index], upto)
    end
  end
end

-- Write whole rows, of the sections of these names.
local function write_rows(keys, args, agents, reservations, work, neighbours)
  chunked('HSET', keys[3], args, agents)
  chunked('HSET', keys[4], args, work)
  chunked('HSET', keys[5], args, reservations)
  chunked('HSET', keys[7], args, neighbours)
end

-- Take out of the inbox what was applied, and nothing else: the section at `at` has the entries that were read, each with
-- its request. One that stands under such an id and is another's was read by nobody: two masters give the same ids.
local function take_out(inbox, args, at)
  for index = at + 1, at + tonumber(args[at]), 2 do
    local entry = redis.call('XRANGE', inbox, args[index], args[index])[1]
    if entry and entry[2][2] == args[index + 1] then
      redis.call('XDEL', inbox, args[index])
    end
  end
end
