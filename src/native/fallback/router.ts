import type { Router } from '../types.js'

// The tree of native/src/router.rs in JavaScript, with its precedence, offsets and errors. The two change together
// and the tests compare them; what the comments there explain is not explained again here.

const greatestId = 2 ** 31 - 1
const mostParameters = 32
const slash = 0x2f

class Node {
  children: Node[] = []
  /** Segments before the wildcard; -1 without one, as for the ids. */
  depth = -1
  exact = -1
  /** The first unit of the prefix, which `split` never changes. */
  readonly first: number
  parameter: Node | undefined = undefined
  prefix: string
  wildcard = -1

  constructor(prefix: string) {
    this.first = prefix === '' ? -1 : prefix.charCodeAt(0)
    this.prefix = prefix
  }

  child(unit: number): Node | undefined {
    for (let index = 0; index < this.children.length; index++) {
      const child = this.children[index]!
      if (child.first === unit) return child
    }
    return undefined
  }

  /** The node that `text` leads to from here, made when it is not there. */
  literal(text: string): Node {
    let node: Node = this
    for (let rest = text; rest !== ''; ) {
      const child = node.child(rest.charCodeAt(0))
      if (child === undefined) {
        const made = new Node(rest)
        node.children.push(made)
        return made
      }
      let shared = 0
      while (shared < child.prefix.length && child.prefix[shared] === rest[shared]) shared++
      if (shared < child.prefix.length) child.split(shared)
      node = child
      rest = rest.slice(shared)
    }
    return node
  }

  split(length: number): void {
    const { children, depth, exact, parameter, wildcard } = this
    const lower = Object.assign(new Node(this.prefix.slice(length)), { children, depth, exact, parameter, wildcard })
    const upper = { children: [lower], depth: -1, exact: -1, parameter: undefined, wildcard: -1 }
    Object.assign(this, upper, { prefix: this.prefix.slice(0, length) })
  }
}

class Tree {
  readonly offsets = new Uint32Array(2 * mostParameters)
  readonly #deepest = new Uint32Array(2 * mostParameters)
  readonly #root = new Node('')
  /** A stack in two arrays, so that a match allocates nothing: nodes, and position and captured count of each. */
  readonly #untried: Node[] = []
  readonly #untriedPlaces: number[] = []

  insert(shape: string, id: number): void {
    if (typeof shape !== 'string') throw new TypeError('a route shape must be a string')
    if (!Number.isInteger(id) || id < 0 || id > greatestId) {
      throw new RangeError(`a route id must be an integer from 0 to ${greatestId}`)
    }
    const segments = segmentsOf(shape)
    const wildcard = segments.at(-1) === '*'
    const depth = segments.length - 1
    if (wildcard) segments[depth] = ''
    let node = this.#root
    let literal = ''
    for (const [index, segment] of segments.entries()) {
      if (segment === ':') {
        node = node.literal(literal)
        node.parameter ??= new Node('')
        node = node.parameter
        literal = ''
      } else literal += segment
      if (index < depth) literal += '/'
    }
    node = node.literal(literal)
    if ((wildcard ? node.wildcard : node.exact) >= 0) throw new Error(`route shape ${shape} is registered already`)
    if (wildcard) Object.assign(node, { depth, wildcard: id })
    else node.exact = id
  }

  match(path: string): number {
    if (typeof path !== 'string') throw new TypeError('a path must be a string')
    const { length } = path
    if (length === 0 || path.charCodeAt(0) !== slash) return -1
    const { offsets } = this
    let best: Node | undefined
    let bestCaptured = 0
    let captured = 0
    let node = this.#root
    let position = 1
    // Literals are ASCII, so only what parameters and the wildcard take can make a path that is not.
    let seen = 0
    let waiting = 0
    for (;;) {
      if (position < length) {
        const unit = path.charCodeAt(position)
        if (node.depth >= 0 && (best === undefined || node.depth > best.depth)) {
          best = node
          bestCaptured = this.#keep(captured, position, length)
        }
        if (node.parameter !== undefined && unit !== slash) {
          this.#untried[waiting] = node.parameter
          this.#untriedPlaces[2 * waiting] = position
          this.#untriedPlaces[2 * waiting + 1] = captured
          waiting++
        }
        const child = node.child(unit)
        if (child !== undefined && holdsAt(path, child.prefix, position)) {
          node = child
          position += child.prefix.length
          continue
        }
      } else if (node.exact >= 0) return seen < 0x80 ? node.exact : -1
      if (waiting === 0) break
      waiting--
      node = this.#untried[waiting]!
      position = this.#untriedPlaces[2 * waiting]!
      captured = this.#untriedPlaces[2 * waiting + 1]!
      offsets[captured] = position
      for (; position < length; position++) {
        const unit = path.charCodeAt(position)
        if (unit === slash) break
        seen |= unit
      }
      offsets[captured + 1] = position
      captured += 2
    }
    if (best === undefined) return -1
    for (let index = 0; index < bestCaptured; index++) offsets[index] = this.#deepest[index]!
    for (let index = offsets[bestCaptured - 2]!; index < length; index++) seen |= path.charCodeAt(index)
    return seen < 0x80 ? best.wildcard : -1
  }

  /** Sets the offsets of a wildcard aside while the walk goes on; returns how many there are. */
  #keep(captured: number, position: number, length: number): number {
    for (let index = 0; index < captured; index++) this.#deepest[index] = this.offsets[index]!
    this.#deepest[captured] = position
    this.#deepest[captured + 1] = length
    return captured + 2
  }
}

/** Whether `prefix` stands at `position`, where its first unit is known to. Faster than `startsWith` when short. */
function holdsAt(path: string, prefix: string, position: number): boolean {
  const { length } = prefix
  if (position + length > path.length) return false
  for (let index = 1; index < length; index++) {
    if (path.charCodeAt(position + index) !== prefix.charCodeAt(index)) return false
  }
  return true
}

function segmentsOf(shape: string): string[] {
  if (!shape.startsWith('/')) throw new Error(`route shape ${shape} does not start with a slash`)
  for (let index = 0; index < shape.length; index++) {
    if (shape.charCodeAt(index) >= 0x80) throw new Error(`route shape ${shape} is not ASCII; percent-encode it`)
  }
  const segments = shape.slice(1).split('/')
  const count = segments.filter((segment, index) => segment === ':' || isWildcard(segments, index)).length
  if (count > mostParameters) {
    throw new Error(`route shape ${shape} has ${count} parameters; the most is ${mostParameters}`)
  }
  return segments
}

function isWildcard(segments: readonly string[], index: number): boolean {
  return index === segments.length - 1 && segments[index] === '*'
}

/** An empty route table in JavaScript, as the native `createRouter` makes it: its functions need no `this`. */
export function createRouter(): Router {
  const tree = new Tree()
  return {
    insert: (shape, id) => tree.insert(shape, id),
    match: (path) => tree.match(path),
    offsets: tree.offsets,
  }
}
