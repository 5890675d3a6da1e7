import os from 'node:os'

/** What figures of another day must share to be compared. Nothing here names the machine. */
export const machine = () => ({
  cores: os.availableParallelism(),
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
})

/** One line of it, for the top of a report. */
export function machineLine() {
  const { cores, cpu, node, platform } = machine()
  return `Node ${node.slice(1)} on ${platform}, ${cores} × ${cpu}`
}
