// The rules of both text formats, strictly: OpenMetrics 1.0.0 as its specification has it, and Prometheus's text 0.0.4.

export interface Sample {
  readonly exemplar:
    | { readonly labels: Readonly<Record<string, string>>; readonly timestamp: number; readonly value: number }
    | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly name: string
  readonly value: number
}

export interface Family {
  readonly help: string
  readonly name: string
  readonly samples: readonly Sample[]
  readonly type: string
  readonly unit: string | undefined
}

type Format = 'openmetrics' | 'prometheus'

interface Reading {
  help: string | undefined
  readonly name: string
  readonly samples: Sample[]
  type: string | undefined
  unit: string | undefined
}

const types = {
  openmetrics: ['counter', 'gauge', 'histogram', 'summary', 'unknown'],
  prometheus: ['counter', 'gauge', 'histogram', 'summary', 'untyped'],
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  unknown: [''],
  untyped: [''],
}

const nameRule = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelRule = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const labelsRule = `\\{(${labelRule}(?:,${labelRule})*)?\\}`
const numberRule = '[+-]?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf)|NaN'
const sampleRule = new RegExp(
  `^(${nameRule})(?:${labelsRule})? (${numberRule})(?: # ${labelsRule} (${numberRule})(?: (\\d+(?:\\.\\d+)?))?)?$`,
)

/** Reads a text, or throws what is wrong with it. */
export function parseExposition(text: string, format: Format): Map<string, Family> {
  const isOpen = format === 'openmetrics'
  const body = isOpen ? withoutEnd(text) : text
  if (body !== '' && !body.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  let current: Reading | undefined
  const take = (name: string): Reading => {
    if (current?.name === name) return current
    close(current, families, format)
    if (families.has(name)) throw new Error(`${name} comes in two places`)
    current = { help: undefined, name, samples: [], type: undefined, unit: undefined }
    return current
  }
  for (const line of body.split('\n').slice(0, -1)) {
    if (line === '') throw new Error('there is an empty line')
    if (line.startsWith('#')) readHead(line, take, isOpen)
    else {
      if (current === undefined) throw new Error(`${line} has no head`)
      current.samples.push(readSample(line, isOpen))
    }
  }
  close(current, families, format)
  return families
}

function withoutEnd(text: string): string {
  if (!text.endsWith('# EOF\n')) throw new Error('there is no # EOF')
  const body = text.slice(0, -'# EOF\n'.length)
  if (body.includes('# EOF')) throw new Error('something follows # EOF')
  return body
}

function readHead(line: string, take: (name: string) => Reading, isOpen: boolean): void {
  const found = new RegExp(`^# (HELP|TYPE|UNIT) (${nameRule}) (.+)$`).exec(line)
  if (found === null) throw new Error(`${line} is malformed`)
  const [, kind, name, said] = found
  const family = take(name!)
  if (family.samples.length > 0) throw new Error(`${line} comes behind its samples`)
  const key = kind === 'HELP' ? 'help' : kind === 'TYPE' ? 'type' : 'unit'
  if (family[key] !== undefined) throw new Error(`${line} comes twice`)
  if (kind === 'UNIT' && !isOpen) throw new Error(`${line} is not of this format`)
  if (kind === 'UNIT' && !name!.endsWith(`_${said}`)) throw new Error(`${line}: the name does not end so`)
  if (kind === 'HELP' && !(isOpen ? /^(?:[^"\\]|\\["\\n])*$/ : /^(?:[^\\]|\\[\\n])*$/).test(said!)) {
    throw new Error(`${line} is not escaped`)
  }
  family[key] = said
}

function readSample(line: string, isOpen: boolean): Sample {
  const found = sampleRule.exec(line)
  if (found === null) throw new Error(`${line} is malformed`)
  const [, name, labels = '', value, exemplarLabels, exemplarValue, timestamp] = found
  if (exemplarValue === undefined)
    return { exemplar: undefined, labels: readLabels(labels), name: name!, value: number(value!) }
  if (!isOpen) throw new Error(`${line}: exemplars are not of this format`)
  const own = readLabels(exemplarLabels ?? '')
  const length = Object.entries(own).reduce((all, [key, text]) => all + [...key].length + [...text].length, 0)
  if (length > 128) throw new Error(`${line}: the labels of the exemplar are too long`)
  const exemplar = { labels: own, timestamp: Number(timestamp), value: number(exemplarValue) }
  return { exemplar, labels: readLabels(labels), name: name!, value: number(value!) }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (Object.hasOwn(labels, name!)) throw new Error(`the label ${name} comes twice`)
    labels[name!] = value!.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
  }
  return labels
}

function number(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}

function close(family: Reading | undefined, families: Map<string, Family>, format: Format): void {
  if (family === undefined) return
  const { help, name, samples, type, unit } = family
  if (help === undefined || type === undefined) throw new Error(`${name} has no help, or no type`)
  if (!types[format].includes(type)) throw new Error(`${name} has the type ${type}`)
  const allowed = type === 'counter' ? [format === 'openmetrics' ? '_total' : ''] : suffixes[type]!
  if (type === 'counter' && format === 'openmetrics' && name.endsWith('_total'))
    throw new Error(`${name} ends in _total`)
  const seen = new Set<string>()
  for (const sample of samples) {
    if (!allowed.some((suffix) => sample.name === name + suffix)) throw new Error(`${sample.name} is not of ${name}`)
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
    if (seen.has(key)) throw new Error(`${key} comes twice`)
    seen.add(key)
    if (sample.exemplar !== undefined && !/_(?:bucket|total)$/.test(sample.name)) throw new Error(`${key}: an exemplar`)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${key} is ${sample.value}`)
  }
  if (type === 'histogram') checkHistogram(name, samples, format)
  families.set(name, { help, name, samples, type, unit })
}

function checkHistogram(name: string, samples: readonly Sample[], format: Format): void {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels
    const key = JSON.stringify(Object.entries(labels).sort())
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const [sum, count] = ['_sum', '_count'].map(
      (suffix) => group.find((sample) => sample.name === name + suffix)?.value,
    )
    let [before, counted] = [Number.NEGATIVE_INFINITY, 0]
    for (const { exemplar, labels, value } of buckets) {
      const { le = '' } = labels
      if (format === 'openmetrics' && !/^(?:\+Inf|.*[.e].*)$/.test(le))
        throw new Error(`${name}: le="${le}" is no float`)
      const limit = number(le)
      if (!(limit > before) || value < counted) throw new Error(`${name} ${key}: le="${le}" is out of order`)
      if (exemplar !== undefined && !(exemplar.value <= limit && exemplar.value > before)) {
        throw new Error(`${name} ${key}: the exemplar of le="${le}" is of another bucket`)
      }
      before = limit
      counted = value
    }
    if (before !== Number.POSITIVE_INFINITY || counted !== count || sum === undefined) {
      throw new Error(`${name} ${key} is not whole`)
    }
  }
}

/** The value of one sample of a family. */
export function sampleOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = [...families.values()].flatMap((family) => family.samples)
  const isLike = (sample: Sample): boolean =>
    sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  return samples.find(isLike)?.value
}
