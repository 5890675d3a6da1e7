/** Resolves when `begin` has its callback called, or after so many milliseconds. */
export function atMost(milliseconds: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    begin(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
