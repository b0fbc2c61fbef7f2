-- A batch of operations of store.h, in one piece: nobody else's commands come in between.
--
-- ARGV: the prefix of all keys, the time in ms, then operation after operation: its name, how many
-- arguments it has, if_hit, unless_hit and ends (all of store.h), its arguments.
-- Returns for each operation what it found: {hit, ...}, or {} if it was not run.
--
-- Numbers are doubles here: exact up to 2^53, which times in ms and counts stay below. "For ever" is
-- math.huge, "inf" as text. Members of sets are digits that never become numbers.
--
-- Keys, behind the prefix:
--   c:KEY      a counter: "START:SUM START:SUM ...", a pair for each eighth of the window;
--   l:KEY      one of logins
--   m:KEY      a set, sorted by when a member was put in last
--   w:KEY      windows and
--   k:KEY      known networks, d:KEY drains, r:KEY other records: "UNTIL:VALUE"
--   b:NETWORK  bans: "SINCE UNTIL OFFENCES MAKER MEMORY REASON"; a network is FAMILY/LENGTH/DIGITS, as
--              many hex digits of the address as the length needs
--   bans, windows, drains  who is there, sorted by when they end
--   offences            the networks of b:, sorted by when the ban and its offences are forgotten
--   lengths4, lengths6  the lengths of banned networks, each with the time when its last ban was to end
--   salt                of keyed digests, as bytes
-- c:, m:, w:, k: and r: have a TTL: as long as they mean something by the server's clock; what counts
-- is the caller's. The others have none, so that no volatile policy evicts a ban or a drain: they are
-- swept.
--
-- A server that is full answers OOM to the first command of a script that could take memory; behind
-- one that wrote it refuses nothing more. So a batch is refused as a whole, or is run. Whoever may
-- take memory asks need_room before he writes; what gives some back is never refused.

local prefix, now = ARGV[1], tonumber(ARGV[2])
local MEMBERS_MAX, SWEEP_MAX = 256, 500
local WEEK, CENTURY = 7 * 86400000, 36525 * 86400000
local COUNT_MAX = 2 ^ 52

local function call(command, key, ...)
  return redis.call(command, prefix .. key, ...)
end

local function to_number(text)
  return text == 'inf' and math.huge or tonumber(text)
end

local function to_text(number)
  return number == math.huge and 'inf' or string.format('%.0f', number)
end

local function life(ends)
  return to_text(math.max(1, math.min(ends - now, CENTURY)))
end

local function set(key, value, ends)
  if ends == math.huge then
    call('SET', key, value)
  else
    call('SET', key, value, 'PX', life(ends))
  end
end

-- Ends the script if the server has no room for more, and the batch has not written yet: by a command
-- that such a server refuses, and that does nothing.
local function need_room()
  call('SETRANGE', 'salt', 0, '')
end

-- By the caller's clock or the server's, whichever is behind: one host whose clock is ahead must not
-- end the bans of all.
local function swept_until()
  return to_text(math.min(now, tonumber(redis.call('TIME')[1]) * 1000))
end

-- Forgets members of a sorted index whose time is over, not too many at once.
local function trim(index, over)
  local gone = call('ZCOUNT', index, '-inf', over)
  if gone > 0 then
    call('ZREMRANGEBYRANK', index, 0, math.min(gone, SWEEP_MAX) - 1)
  end
end

-- Notes in a sorted index that a member is there until ends (0: no longer).
local function note(index, member, ends)
  if ends > now then
    call('ZADD', index, to_text(ends), member)
  else
    call('ZREM', index, member)
  end
end

-- What an operation found, by its place in the batch.
local hits, counts, found = {}, {}, {}
-- What the counters of the batch held, by the place of the operation; and the place of this one.
local pieces, place = {}, 0
local actions = {}

-- Records

local function read_record(key)
  local value = call('GET', key)
  local colon = value and string.find(value, ':', 1, true)
  local ends = colon and to_number(string.sub(value, 1, colon - 1))
  if ends and ends > now then
    return string.sub(value, colon + 1)
  end
end

-- The records that can be listed.
local indexes = {['w:'] = 'windows', ['d:'] = 'drains'}

local function note_record(key, ends)
  local index = indexes[string.sub(key, 1, 2)]
  if index then
    note(index, string.sub(key, 3), ends)
  end
  return index
end

local function drop_record(key)
  call('DEL', key)
  note_record(key, 0)
end

function actions.get(key)
  local value = read_record(key)
  if value then
    return 1, value
  end
  return 0
end

function actions.put(key, value, lifetime)
  local ends = now + to_number(lifetime)
  if ends <= now then
    drop_record(key)
    return 1
  end
  need_room()
  local index = note_record(key, ends)
  set(key, to_text(ends) .. ':' .. value, index == 'drains' and math.huge or ends)
  return 1
end

function actions.remove(key)
  local value = read_record(key)
  drop_record(key)
  return value and 1 or 0
end

-- Counters

-- The pairs that still count, oldest first, and their sum.
local function read_counter(key, window, slot)
  local pairs_r, sum = {}, 0
  local oldest = math.floor((now - window) / slot) * slot
  for start, value in string.gmatch(call('GET', key) or '', '(%-?%d+):(%d+)') do
    start, value = tonumber(start), tonumber(value)
    if start >= oldest and start <= now + window then
      value = math.min(value, COUNT_MAX)
      table.insert(pairs_r, {start, value})
      sum = sum + value
    end
  end
  return pairs_r, sum, oldest
end

-- is_less: what is written takes no more memory than before, so a full server shall not refuse it.
local function write_counter(key, pairs_w, window, slot, is_less)
  local words, last = {}, now
  table.sort(pairs_w, function(a, b) return a[1] < b[1] end)
  for _, pair in ipairs(pairs_w) do
    if pair[2] > 0 then
      table.insert(words, to_text(pair[1]) .. ':' .. to_text(pair[2]))
      last = math.max(last, pair[1])
    end
  end
  if #words == 0 or is_less then
    call('DEL', key)
  end
  if #words > 0 then
    set(key, table.concat(words, ' '), last + window + 2 * slot)
  end
end

local function pair_at(pairs_w, start)
  for _, pair in ipairs(pairs_w) do
    if pair[1] == start then
      return pair
    end
  end
end

-- Takes away what was added at that time, or, without one, what was added last.
local function take_away(pairs_w, amount, start)
  if start then
    local pair = pair_at(pairs_w, start)
    local part = pair and math.min(pair[2], amount) or 0
    if part > 0 then
      pair[2] = pair[2] - part
    end
    return part
  end
  local left = amount
  for i = #pairs_w, 1, -1 do
    local part = math.min(pairs_w[i][2], left)
    pairs_w[i][2] = pairs_w[i][2] - part
    left = left - part
  end
  return amount - left
end

-- Adds amount to the counter, unless may_add says no of the sum before. Returns the sum afterwards.
local function count(key, window, at, amount, may_add)
  window, at = tonumber(window), tonumber(at)
  local slot = math.max(1, math.ceil(window / 8))
  local held, sum, oldest = read_counter(key, window, slot)
  local start = math.floor((at == 0 and now or at) / slot) * slot
  pieces[place] = held
  if not may_add(sum) or amount == 0 then
    return sum
  end
  if amount < 0 then
    sum = sum - take_away(held, -amount, at ~= 0 and start or nil)
  elseif start >= oldest then
    local pair = pair_at(held, start)
    if pair then
      pair[2] = pair[2] + amount
    else
      table.insert(held, {start, amount})
    end
    sum = sum + amount
  end
  write_counter(key, held, window, slot, amount < 0)
  return sum
end

-- Takes each amount of another counter off at the time at which it was added.
local function take_pieces(key, window, taken)
  window = tonumber(window)
  local slot = math.max(1, math.ceil(window / 8))
  local held, sum = read_counter(key, window, slot)
  for _, piece in ipairs(taken) do
    sum = sum - take_away(held, piece[2], piece[1])
  end
  write_counter(key, held, window, slot, true)
  return sum
end

function actions.count(key, window, at, amount, most, take)
  local limit = tonumber(most)
  local sum = count(key, window, at, tonumber(amount), function() return true end)
  local taken = pieces[tonumber(take)]
  if taken then
    sum = take_pieces(key, window, taken)
  end
  return limit > 0 and sum >= limit and 1 or 0, sum
end

function actions.admit(key, window, at, amount, most, plus)
  local is_over = false
  local sum = count(key, window, at, tonumber(amount), function(before)
    is_over = before + (counts[tonumber(plus)] or 0) >= tonumber(most)
    return not is_over
  end)
  return is_over and 1 or 0, sum
end

-- Sets

-- Puts a member in, takes it out or only looks, unless may_add says no of how many there are.
local function mark(key, window, amount, member, may_add)
  key, window, amount = 'm:' .. key, tonumber(window), tonumber(amount)
  if amount > 0 then
    need_room()
  end
  call('ZREMRANGEBYSCORE', key, '-inf', to_text(now - window))
  local was_there = call('ZSCORE', key, member) and true or false
  local size = call('ZCARD', key)
  if not was_there and not may_add(size) then
    return size, 0
  end
  if amount > 0 then
    if not was_there and size >= MEMBERS_MAX then
      call('ZREMRANGEBYRANK', key, 0, size - MEMBERS_MAX)
    end
    call('ZADD', key, to_text(now), member)
    call('PEXPIRE', key, life(now + window))
  elseif amount < 0 then
    call('ZREM', key, member)
  end
  return call('ZCARD', key), was_there and 1 or 0
end

function actions.mark(key, window, amount, most, member, hit_if_there)
  local limit = tonumber(most)
  local size, was_there = mark(key, window, amount, member, function() return true end)
  local hit = limit > 0 and size >= limit and 1 or 0
  return hit_if_there == '1' and was_there or hit, size, was_there
end

function actions.admit_member(key, window, amount, most, member)
  local is_over = false
  local size, was_there = mark(key, window, amount, member, function(before)
    is_over = before >= tonumber(most)
    return not is_over
  end)
  return is_over and 1 or 0, size, was_there
end

function actions.drop(key)
  return call('DEL', key) > 0 and 1 or 0
end

function actions.forget(key)
  return call('DEL', 'c:' .. key) + call('DEL', 'm:' .. key) + call('DEL', 'r:' .. key) > 0 and 1 or 0
end

-- Bans

local function network(family, length, digits)
  local whole, rest = math.floor(length / 4), length % 4
  local kept = string.sub(digits, 1, whole)
  if rest > 0 then
    local digit = tonumber(string.sub(digits, whole + 1, whole + 1), 16)
    kept = kept .. string.format('%x', digit - digit % 2 ^ (4 - rest))
  end
  return family .. '/' .. length .. '/' .. kept
end

local function read_ban(name)
  local since, ends, offences, maker, memory, reason =
    string.match(call('GET', 'b:' .. name) or '', '^(%-?%d+) (%S+) (%d+) (%d+) (%d+) (.*)$')
  if not since or not to_number(ends) then
    return nil
  end
  return {since = since, ends = to_number(ends), offences = tonumber(offences), maker = maker,
          memory = tonumber(memory), reason = reason}
end

local function write_ban(family, length, digits, ban)
  local name = network(family, tonumber(length), digits)
  local lengths = 'lengths' .. family
  need_room()
  -- the record last: if others own a key of ours, the script ends with the first
  note(lengths, length, math.max(ban.ends, to_number(call('ZSCORE', lengths, length) or 0)))
  note('bans', name, ban.ends)
  note('offences', name, math.max(ban.ends + ban.memory, now + 1))
  set('b:' .. name, table.concat({ban.since, to_text(ban.ends), to_text(ban.offences), ban.maker,
      to_text(ban.memory), ban.reason}, ' '), math.huge)
end

local function tell(hit, length, ban)
  return hit, tonumber(length), ban.since, to_text(ban.ends), to_text(ban.offences), ban.maker,
    ban.reason
end

-- Whether its maker is one of the mask; 0 are all.
local function is_of(ban, makers)
  return makers == 0 or bit.band(makers, bit.lshift(1, tonumber(ban.maker))) ~= 0
end

function actions.find(family, digits, makers)
  local lengths = call('ZRANGEBYSCORE', 'lengths' .. family, '(' .. to_text(now), '+inf')
  table.sort(lengths, function(a, b) return tonumber(a) > tonumber(b) end)
  for _, length in ipairs(lengths) do
    local ban = read_ban(network(family, tonumber(length), digits))
    if ban and ban.ends > now and is_of(ban, tonumber(makers)) then
      return tell(1, length, ban)
    end
  end
  return 0
end

function actions.offend(family, length, digits, makers, maker, reason, ...)
  local ban = read_ban(network(family, tonumber(length), digits))
  if ban and ban.ends > now and is_of(ban, tonumber(makers)) then
    return tell(0, length, ban)
  end
  local costs = {...}
  local memory = to_number(costs[#costs])
  local offences = 1
  if ban and now < ban.ends + memory then
    offences = ban.offences + 1
  end
  local cost = to_number(costs[math.min(offences, #costs)])
  ban = {since = to_text(now), ends = now + cost, offences = offences, maker = maker,
         memory = math.min(memory, CENTURY), reason = reason}
  write_ban(family, length, digits, ban)
  return tell(1, length, ban)
end

function actions.set_ban(family, length, digits, since, ends, offences, maker, memory, reason)
  local before = read_ban(network(family, tonumber(length), digits))
  local remembered = math.min(to_number(memory), CENTURY)
  if remembered < 0 then
    remembered = before and before.memory or WEEK
  end
  local kept = tonumber(offences)
  if kept == 0 and before and now < before.ends + before.memory then
    kept = before.offences
  end
  write_ban(family, length, digits, {since = since, ends = to_number(ends),
    offences = kept, maker = maker, memory = remembered, reason = reason})
  return 1
end

function actions.lift(family, length, digits)
  local name = network(family, tonumber(length), digits)
  local ban = read_ban(name)
  call('DEL', 'b:' .. name)
  note('bans', name, 0)
  note('offences', name, 0)
  return ban and ban.ends > now and 1 or 0
end

-- Forgets what is over and has no TTL, not too much at once.
function actions.sweep()
  local over = swept_until()
  local names = call('ZRANGEBYSCORE', 'offences', '-inf', over, 'LIMIT', 0, SWEEP_MAX)
  for _, name in ipairs(names) do
    call('DEL', 'b:' .. name)
    call('ZREM', 'bans', name)
    call('ZREM', 'offences', name)
  end
  for _, key in ipairs(call('ZRANGEBYSCORE', 'drains', '-inf', over, 'LIMIT', 0, SWEEP_MAX)) do
    drop_record('d:' .. key)
  end
  for _, index in ipairs({'bans', 'windows', 'lengths4', 'lengths6'}) do
    trim(index, over)
  end
  return 1
end

-- Lists: a page of an index, from a cursor on ("0" at first, and as the next one behind the last).

function actions.list_bans(cursor)
  local page = call('ZSCAN', 'bans', cursor, 'COUNT', '200')
  local result = {page[1]}
  for i = 1, #page[2], 2 do
    local ban = read_ban(page[2][i])
    if ban and ban.ends > now then
      table.insert(result, {page[2][i], tell(1, 0, ban)})
    end
  end
  return 1, result
end

local function list_records(space, cursor)
  local page = call('ZSCAN', indexes[space], cursor, 'COUNT', '100')
  local result = {page[1]}
  for i = 1, #page[2], 2 do
    local value = read_record(space .. page[2][i])
    if value then
      table.insert(result, {page[2][i], value})
    end
  end
  return 1, result
end

function actions.list_windows(cursor)
  return list_records('w:', cursor)
end

function actions.list_drains(cursor)
  return list_records('d:', cursor)
end

-- The batch

local function may_run(if_hit, unless_hit)
  return (if_hit == 0 or hits[if_hit] == 1) and (unless_hit == 0 or hits[unless_hit] ~= 1)
end

local at, has_ended = 3, false
while ARGV[at] do
  local name, arguments = ARGV[at], tonumber(ARGV[at + 1])
  local if_hit, unless_hit, ends = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
  place = place + 1
  found[place] = {}
  if not has_ended and may_run(if_hit, unless_hit) then
    found[place] = {actions[name](unpack(ARGV, at + 5, at + 4 + arguments))}
    hits[place], counts[place] = found[place][1], tonumber(found[place][2])
    has_ended = ends == '1' and hits[place] == 1
  end
  at = at + 5 + arguments
end
return found
