import assert from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import { describe, test } from 'node:test'
import { isBodiless, reasonPhrase, Status, statusLine } from '../../src/core/status.js'

// Where the registry has gone on since node took its names from it.
const renamed: Readonly<Record<number, string>> = {
  104: 'Upload Resumption Supported',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
}

// What node has and the registry does not.
const unregistered = [418, 509]

describe('status codes', () => {
  for (const [name, code] of Object.entries(Status)) {
    test(`${code} is ${name}`, () => {
      assert.equal(reasonPhrase(code), renamed[code] ?? STATUS_CODES[code])
      assert.equal(
        name.toLowerCase(),
        reasonPhrase(code)
          .replace(/[^A-Za-z]/g, '')
          .toLowerCase(),
      )
    })
  }

  test('are all that node knows', () => {
    const known = new Set<number>(Object.values(Status))
    const missing = Object.keys(STATUS_CODES)
      .map(Number)
      .filter((code) => !known.has(code))
    assert.deepEqual(missing, unregistered)
  })

  test('stand in order, each once', () => {
    const codes = Object.values(Status)
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => a - b),
    )
  })

  for (const [code, line] of [
    [200, '200 OK'],
    [404, '404 Not Found'],
    [418, "418 I'm a Teapot"],
    [299, '299 '],
    [599, '599 '],
  ] as const) {
    test(`${code} gives the status line ${JSON.stringify(line)}, each time`, () => {
      assert.equal(statusLine(code), line)
      assert.equal(statusLine(code), line)
    })
  }

  test('have no content where they say so', () => {
    const bodiless = Object.values(Status).filter(isBodiless)
    assert.deepEqual(bodiless, [100, 101, 102, 103, 104, 204, 205, 304])
  })
})
