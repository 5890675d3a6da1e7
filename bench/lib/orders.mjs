// Bodies for the codecs: orders of a shop as an API would list them. Names and words come again and again, numbers and
// dates do not; always the same ones, whoever runs it.
const customers = 'Ada Grace Alan Edsger Barbara Donald Margaret Linus Ken Dennis Frances Tony John Radia Vint'.split(
  ' ',
)
const families =
  'Lovelace Hopper Turing Dijkstra Liskov Knuth Hamilton Torvalds Thompson Ritchie Allen Hoare Backus Perlman Cerf'.split(
    ' ',
  )
const cities = ['London', 'Berlin', 'Paris', 'Zurich', 'Oslo', 'Vienna', 'Prague', 'Madrid']
const goods = 'keyboard monitor mouse cable adapter laptop desk lamp chair headset webcam dock'.split(' ')
const states = ['open', 'paid', 'shipped', 'delivered', 'returned']

/** A linear congruential generator: the same numbers on every machine. */
function generator() {
  let state = 7
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
}

/**
 * As many orders as make a JSON text of at least this length.
 *
 * @param {number} length
 */
export function orders(length) {
  const random = generator()
  const pick = (/** @type {readonly string[]} */ list) => list[random(list.length)]
  const order = (/** @type {number} */ index) => {
    const [first, last] = [pick(customers), pick(families)]
    return {
      id: 100_000 + index,
      status: pick(states),
      createdAt: new Date(1.7e12 + random(1e6) * 1e4).toISOString(),
      customer: {
        id: random(9_000),
        name: `${first} ${last}`,
        email: `${first}.${last}@example.org`.toLowerCase(),
        address: {
          street: `${1 + random(200)} ${pick(families)} Street`,
          city: pick(cities),
          zip: `${10_000 + random(80_000)}`,
        },
      },
      lines: Array.from({ length: 1 + random(4) }, () => ({
        sku: `SKU-${1_000 + random(500)}`,
        title: `${pick(goods)} ${pick(goods)}`,
        quantity: 1 + random(5),
        price: random(50_000) / 100,
      })),
      total: random(1e6) / 100,
      notes: null,
    }
  }
  const list = []
  // Counted piece by piece, with the comma or bracket that comes with each.
  for (let size = 1; size < length; size += JSON.stringify(list.at(-1)).length + 1) list.push(order(list.length))
  return list
}
