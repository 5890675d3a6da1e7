import os from 'node:os'

/**
 * What figures of another day must share to be compared. Nothing here names the machine.
 *
 * @param {string} [node] the version that the servers run on
 */
export const machine = (node = process.version) => ({
  cores: os.availableParallelism(),
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  node,
  platform: `${process.platform}-${process.arch}`,
})

/**
 * One line of it, for the top of a report.
 *
 * @param {string} [version]
 */
export function machineLine(version) {
  const { cores, cpu, node, platform } = machine(version)
  return `Node ${node.slice(1)} on ${platform}, ${cores} × ${cpu}`
}
