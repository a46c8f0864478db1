-- Leave the requests of one node in the shard's inbox, each once: a node that does not know whether its last requests
-- arrived sends them again with the same numbers. One that was struck off is refused: its NodeLost is the last word.
-- KEYS[1] inbox stream
-- KEYS[2] senders hash: label -> number of its last request
-- KEYS[3] head hash
-- ARGV[1] label
-- ARGV[2] number of the first request
-- ARGV[3] number up to which the sender knows its requests as applied
-- ARGV[4] the highest epoch that the sender has seen     ARGV[5] the last turn that it knows as committed
-- ARGV[6] on: of each request its cause and its event
-- Returns {'ok', number of the sender's last request}, {'unknown', 0}, {'back', epoch} while the store has less than
--      was seen (it has lost writes, and its owner has not put them back), or {'gap', number of the last
--      request that is here} when requests before the first are missing
local function forward(keys, args)
  local head = redis.call('HMGET', keys[3], 'epoch', 'applied')
  local epoch = tonumber(head[1] or '0')
  if epoch < tonumber(args[4]) or tonumber(head[2] or '0') < tonumber(args[5]) then
    return {'back', epoch}
  end
  local known = redis.call('HGET', keys[2], args[1])
  if not known then
    return {'unknown', 0}
  end
  redis.call('XLEN', keys[1])
  local last = math.max(tonumber(known), tonumber(args[3]))
  local number = tonumber(args[2])
  if number > last + 1 then
    return {'gap', last}
  end
  for index = 6, #args, 2 do
    if number > last then
      redis.call('XADD', keys[1], '*', 'r', args[1] .. '/' .. integer(number), 'c', args[index], 'e', args[index + 1])
      last = number
    end
    number = number + 1
  end
  redis.call('HSET', keys[2], args[1], integer(last))
  return {'ok', last}
end
