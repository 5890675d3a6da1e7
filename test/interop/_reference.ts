import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fixturePath } from '../_certificates.js'
import { http3Program } from '../_http3-program.js'

/** Starts the server of HTTP/3 that the client is tested with: `test/clients/h3/src/bin/h3-server.rs`. */
export async function startReference(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const files = [fixturePath('a-chain.pem'), fixturePath('a-key.pem')]
  // It ends with its input.
  const child = spawn(http3Program('h3-server'), files, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return {
    async close() {
      const ended = once(child, 'close')
      child.stdin.end()
      await ended
    },
    port: Number(line),
  }
}
