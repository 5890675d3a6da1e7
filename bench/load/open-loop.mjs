// Load at a constant rate, the process apart in which it runs. Requests fall due at even intervals whatever the server
// does, each on a connection that is free; when none is, the request waits for one. Latency counts from when a request
// was due, not from when it was sent: a server that stalls is charged with everything that fell due meanwhile
// ("coordinated omission" is what leaving that out is called).
//
// It never sleeps: a timer's millisecond would send sixty requests at once. So it needs a core to itself.
import net from 'node:net'

/**
 * @typedef {object} Shot
 * @property {number} connections
 * @property {number} leadIn seconds before the first request that is counted
 * @property {number} port
 * @property {number} rate requests per second
 * @property {string} request its bytes, in Latin-1
 * @property {number} seconds
 *
 * @typedef {object} Hit
 * @property {number} away share of the time that the generator was not there to send and to take answers: collecting
 *   garbage, or without a CPU
 * @property {number} p50 µs
 * @property {number} p99 µs
 * @property {number} p999 µs
 * @property {number} rate of answers, per second
 */

/** Milliseconds between two looks at the clock from which on the generator was away: its work is never as much. */
const stall = 2

class Connection {
  /** Bytes of the answer that have not come. */
  #missing = 0
  /** Length of an answer: the first says it, and here all have the same. */
  #length = 0
  #due = 0
  /** @type {net.Socket} */
  #socket

  /**
   * @param {Run} run
   * @param {number} port
   */
  constructor(run, port) {
    const fail = (/** @type {Error | undefined} */ error) =>
      run.fail(error ?? new Error('the server closed a connection'))
    const buffer = Buffer.allocUnsafe(65_536)
    const take = (/** @type {number} */ bytes) => {
      if (this.#missing === 0 && !this.#begin(buffer, bytes)) {
        fail(new Error(`not an answer of 200 in one piece: ${buffer.toString('latin1', 0, Math.min(bytes, 200))}`))
        return false
      }
      this.#missing -= bytes
      if (this.#missing === 0) run.answered(this, this.#due)
      return true
    }
    // Read into one buffer; a 'data' event would make one for every answer.
    this.#socket = net.connect({ host: '127.0.0.1', noDelay: true, port, onread: { buffer, callback: take } })
    this.#socket.once('connect', () => run.connected(this))
    this.#socket.once('error', fail).once('end', () => fail(undefined))
  }

  /** @param {Buffer} buffer */
  #begin(buffer, /** @type {number} */ bytes) {
    // "HTTP/1.1 200"
    if (bytes < 12 || buffer[9] !== 0x32 || buffer[10] !== 0x30 || buffer[11] !== 0x30) return false
    if (this.#length === 0) {
      const [head] = buffer.toString('latin1', 0, bytes).split('\r\n\r\n')
      const body = /^content-length: *(\d+)/im.exec(head)?.[1]
      if (body === undefined || head.length === bytes) return false
      this.#length = head.length + 4 + Number(body)
    }
    this.#missing = this.#length
    return true
  }

  send(/** @type {string} */ request, /** @type {number} */ due) {
    this.#due = due
    this.#socket.write(request, 'latin1')
  }

  close() {
    this.#socket.removeAllListeners('end').resetAndDestroy()
  }
}

class Run {
  /** @type {Connection[]} */
  #all = []
  /** @type {Connection[]} */
  #free = []
  #answers = 0
  #away = 0
  /** In ms, in the order of answers. */
  #latencies
  /** When the generator last looked for requests that are due. */
  #looked = 0
  #sent = 0
  #shot
  #started = 0
  #total

  /** @type {(hit: Hit) => void} */
  #resolve = () => {}
  /** @type {(error: Error) => void} */
  #reject = () => {}

  /** @param {Shot} shot */
  constructor(shot) {
    this.#shot = shot
    this.#total = Math.round(shot.rate * (shot.leadIn + shot.seconds))
    this.#latencies = new Float64Array(this.#total)
  }

  /** @returns {Promise<Hit>} */
  async fire() {
    try {
      return await new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
        const { connections, port } = this.#shot
        while (this.#all.length < connections) this.#all.push(new Connection(this, port))
      })
    } finally {
      this.#sent = this.#total
      for (const connection of this.#all) connection.close()
    }
  }

  fail(/** @type {Error} */ error) {
    this.#reject(error)
  }

  connected(/** @type {Connection} */ connection) {
    this.#free.push(connection)
    if (this.#free.length < this.#shot.connections) return
    this.#started = performance.now()
    this.#looked = this.#started
    this.#tick()
  }

  answered(/** @type {Connection} */ connection, /** @type {number} */ due) {
    this.#latencies[this.#answers++] = performance.now() - due
    this.#free.push(connection)
    if (this.#answers === this.#total) this.#resolve(this.#hit())
  }

  #tick() {
    const gap = 1_000 / this.#shot.rate
    const looked = performance.now()
    if (looked - this.#looked > stall) this.#away += looked - this.#looked
    this.#looked = looked
    while (this.#sent < this.#total) {
      const due = this.#started + this.#sent * gap
      if (performance.now() < due) break
      // The one that is free for the longest, so that all take part.
      const connection = this.#free.shift()
      if (connection === undefined) break
      this.#sent++
      connection.send(this.#shot.request, due)
    }
    if (this.#sent < this.#total) setImmediate(() => this.#tick())
  }

  /** @returns {Hit} */
  #hit() {
    const { leadIn, rate } = this.#shot
    const passed = performance.now() - this.#started
    const sorted = this.#latencies.subarray(Math.round(rate * leadIn)).sort()
    const below = (/** @type {number} */ share) => sorted[Math.ceil(sorted.length * share) - 1] * 1e3
    return {
      away: this.#away / passed,
      p50: below(0.5),
      p99: below(0.99),
      p999: below(0.999),
      rate: (this.#total / passed) * 1e3,
    }
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', async (/** @type {Shot} */ shot) => {
  try {
    process.send?.(await new Run(shot).fire())
  } catch (error) {
    process.send?.({ error: /** @type {Error} */ (error).message })
  }
})
