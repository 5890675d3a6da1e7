const entities: Readonly<Record<string, string>> = {
  '"': '&quot;',
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
}

/** A text as it stands in HTML, in elements and in values of attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/["&'<>]/g, (character) => entities[character]!)
}
