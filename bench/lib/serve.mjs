// The part of a server under test that is the same for all of them: it reports where it listens, tells its CPU time
// when asked, and never outlives the benchmark.

/** How the load generator's requests reach a server; also the only address it may listen on. */
export const host = '127.0.0.1'

/**
 * @param {() => Promise<number>} listen binds `host` to a free port and resolves to that port
 */
export async function serve(listen) {
  const end = () => process.exit(0)
  process.on('SIGTERM', end)
  process.on('disconnect', end)
  process.stdin.on('close', end).on('end', end).resume()
  // The kernel's own figure (getrusage: user and system time, every thread) in microseconds.
  process.on('message', (message) => {
    if (message === 'cpu') process.send?.({ cpu: process.cpuUsage() })
  })
  const port = await listen()
  // performance.now() counts from the start of the process.
  console.log(JSON.stringify({ port, startup: Number(performance.now().toFixed(1)) }))
}
