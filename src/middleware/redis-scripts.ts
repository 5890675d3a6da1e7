import { createHash } from 'node:crypto'
import type { RateLimitAlgorithm } from './rate-limiter.js'

/** A script of Redis, and the name under which it is called once it is known there. */
export interface RedisScript {
  readonly sha: string
  readonly text: string
}

// KEYS[1] holds all that is known of a key, as whole numbers in a text. The clock is the server's, which all processes
// share; one that goes back (a replica that takes over) stands still. %.0f, since Lua writes large numbers with an
// exponent. The answer: allowed, remaining, milliseconds (-1 for never).
const prelude = `
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('GET', KEYS[1])
local function save(form, lifetime, ...)
  redis.call('SET', KEYS[1], string.format(form, ...), 'PX', string.format('%.0f', math.max(1, lifetime)))
end
`

// As slide() of the limiter in memory.
const slidingWindow = `
local start, count, previous = now, 0, 0
if state then
  local a, b, c = string.match(state, '^(%d+) (%d+) (%d+)$')
  start, count, previous = tonumber(a), tonumber(b), tonumber(c)
  now = math.max(now, start)
  local elapsed = now - start
  if elapsed >= 2 * window then
    start, count, previous = now, 0, 0
  elseif elapsed >= window then
    start, count, previous = start + window, 0, count
  end
end
local elapsed = now - start
local room = limit - count - math.floor(previous * (window - elapsed - 1) / window)
if cost <= room then
  if cost > 0 then
    save('%.0f %.0f %.0f', 2 * window - elapsed, start, count + cost, previous)
  end
  return { 1, room - cost, window - elapsed }
end
local remaining = math.max(0, room)
if cost > limit then
  return { 0, remaining, -1 }
end
local free = limit - cost - count
if free >= 0 then
  return { 0, remaining, window - math.ceil((free + 1) * window / previous) - elapsed }
end
return { 0, remaining, 2 * window - elapsed - math.ceil((limit - cost + 1) * window / count) }
`

// As pour() of the limiter in memory.
const tokenBucket = `
local full = limit * window
local level = full
if state then
  local a, b = string.match(state, '^(%d+) (%d+)$')
  local at = tonumber(a)
  now = math.max(now, at)
  level = math.min(full, tonumber(b) + (now - at) * limit)
end
local needed = cost * window
if needed <= level then
  local left = level - needed
  local reset = math.ceil((full - left) / limit)
  if cost > 0 then
    save('%.0f %.0f', reset, now, left)
  end
  return { 1, math.floor(left / window), reset }
end
local remaining = math.floor(level / window)
if cost > limit then
  return { 0, remaining, -1 }
end
return { 0, remaining, math.ceil((needed - level) / limit) }
`

function script(body: string): RedisScript {
  const text = prelude + body
  return { sha: createHash('sha1').update(text).digest('hex'), text }
}

/** The script of each algorithm: it reads, decides and writes as one step, for one key. */
export const redisScripts: Readonly<Record<RateLimitAlgorithm, RedisScript>> = {
  'sliding-window': script(slidingWindow),
  'token-bucket': script(tokenBucket),
}
