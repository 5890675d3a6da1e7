/** Options of `hotpress start`, as they were read. */
export interface StartOptions {
  readonly control?: string
  readonly delay?: string
  readonly drain?: string
  readonly host: string
  readonly pidFile?: string
  readonly port: number
  readonly transport?: string
  readonly workers: number | 'auto'
}

/** What is handed to workers. */
export interface WorkerOrders {
  readonly file: string
  readonly run: object
}
