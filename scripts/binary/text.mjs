/** The text that ends with a zero byte. */
export function text(bytes, from) {
  const end = bytes.indexOf(0, from)
  if (from >= bytes.length || end < 0) throw new RangeError(`there is no text at ${from}`)
  return bytes.latin1Slice(from, end)
}
