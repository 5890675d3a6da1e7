// CommonJS in both builds, for a `require` that is not run before it is needed: an adapter is made in a constructor, which
// cannot wait for an import.
import type { createAdapter } from '@socket.io/redis-adapter'
import type { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import type { Redis } from 'ioredis'

interface RedisPackages {
  readonly '@socket.io/redis-adapter': { readonly createAdapter: typeof createAdapter }
  readonly '@socket.io/redis-streams-adapter': { readonly createAdapter: typeof createStreamsAdapter }
  readonly ioredis: { readonly Redis: typeof Redis }
}

// Names are written out where they are required: a bundler must see them.
const loads: { readonly [Name in keyof RedisPackages]: () => RedisPackages[Name] } = {
  '@socket.io/redis-adapter': () => require('@socket.io/redis-adapter'),
  '@socket.io/redis-streams-adapter': () => require('@socket.io/redis-streams-adapter'),
  ioredis: () => require('ioredis'),
}

/** Loads a package that the adapters of Redis need; throws what `require` throws. */
function loadRedisPackage<Name extends keyof RedisPackages>(name: Name): RedisPackages[Name] {
  return loads[name]()
}

export = loadRedisPackage
