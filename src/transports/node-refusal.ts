import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { HttpResponse } from '../core/response.js'
import { statusLine } from '../core/status.js'

/** Answers a request that never became one, by node. */
export function refuse(res: ServerResponse, response: HttpResponse): void {
  res.writeHead(response.statusCode, [...headersOf(response)]).end(response.body)
}

/** The same, as it is on the wire. */
export function responseText(response: HttpResponse): string {
  const body = response.body as string
  let head = `HTTP/1.1 ${statusLine(response.statusCode)}\r\n`
  const headers = headersOf(response)
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function headersOf({ contentType, headers = [] }: HttpResponse): readonly string[] {
  return ['Connection', 'close', 'Content-Type', contentType!, 'X-Content-Type-Options', 'nosniff', ...headers]
}
