-- Leave the requests of one node in the shard's inbox, each once: a node that does not know whether its last requests
-- arrived sends them again with the same numbers. One that was struck off is refused: its NodeLost is the last word.
-- KEYS[1] inbox stream
-- KEYS[2] senders hash: label -> number of its last request
-- ARGV[1] label
-- ARGV[2] number of the first request
-- ARGV[3] on: of each request its cause and its event
-- Returns {'ok', number of the sender's last request} or {'unknown', 0}
local function forward(keys, args)
  local known = redis.call('HGET', keys[2], args[1])
  if not known then
    return {'unknown', 0}
  end
  redis.call('XLEN', keys[1])
  local last = tonumber(known)
  local number = tonumber(args[2])
  for index = 3, #args, 2 do
    if number > last then
      redis.call('XADD', keys[1], '*', 'r', args[1] .. '/' .. integer(number), 'c', args[index], 'e', args[index + 1])
      last = number
    end
    number = number + 1
  end
  redis.call('HSET', keys[2], args[1], integer(last))
  return {'ok', last}
end
