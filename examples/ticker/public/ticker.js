// The page of the prices: one EventSource, which comes again by itself, and three drawings of what it has told.

const most = 120
const byId = (id) => document.getElementById(id)
const svg = (name) => document.createElementNS('http://www.w3.org/2000/svg', name)

let client
let goods = []
let isDue = false
let chosen = 0
let ticks = []
let rows = []

const source = new EventSource('/prices')
source.addEventListener('open', () => show('live', 'live'))
source.addEventListener('error', () => show('lost', 'connection lost, coming again'))
source.addEventListener('hello', ({ data }) => {
  ;({ client, goods } = JSON.parse(data))
  if (rows.length === 0) rows = goods.map(makeRow)
})
source.addEventListener('history', ({ data }) => add(JSON.parse(data)))
source.addEventListener('tick', ({ data }) => add([JSON.parse(data)]))

byId('cut').addEventListener('click', () => fetch(`/prices/${client}`, { method: 'DELETE' }))

function show(state, words) {
  byId('cut').disabled = state !== 'live'
  byId('state').dataset.state = state
  byId('state').textContent = words
}

function add(more) {
  ticks = [...ticks, ...more].slice(-most)
  // However many come at once, they are drawn once.
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    draw()
  })
}

function makeRow({ name, unit }, index) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'good'
  button.addEventListener('click', () => {
    chosen = index
    draw()
  })
  const title = element('span', '', element('b', '', name), element('span', 'per', `per ${unit}`))
  const curve = svg('svg')
  curve.setAttribute('viewBox', '0 0 100 32')
  curve.setAttribute('preserveAspectRatio', 'none')
  curve.setAttribute('aria-hidden', 'true')
  const line = curve.appendChild(svg('path'))
  const now = element('span', 'now', '')
  const change = element('span', 'change', '')
  button.append(title, curve, element('span', '', now, change))
  byId('goods').append(element('li', '', button))
  return { button, change, line, now }
}

function draw() {
  if (ticks.length < 2) return
  for (const [index, { button, change, line, now }] of rows.entries()) {
    const values = ticks.map(({ prices }) => prices[index])
    const moved = tell(change, values)
    button.dataset.way = moved
    button.setAttribute('aria-pressed', String(index === chosen))
    now.textContent = text(values.at(-1))
    line.setAttribute('d', path(scaled(values, 100, 32, rangeOf(values))))
  }
  drawChart(
    goods[chosen],
    ticks.map(({ prices }) => prices[chosen]),
  )
}

function drawChart({ name, unit }, values) {
  const range = rangeOf(values)
  const points = scaled(values, 1000, 320, range)
  const [, lastY] = points.at(-1)
  byId('name').textContent = name
  byId('unit').textContent = `per ${unit}`
  byId('price').textContent = text(values.at(-1))
  tell(byId('change'), values)
  byId('line').setAttribute('d', path(points))
  byId('area').setAttribute('d', `${path(points)}L1000 320L0 320Z`)
  byId('dot').hidden = false
  byId('dot').style.top = `${(lastY / 320) * 100}%`
  byId('plot').setAttribute(
    'aria-label',
    `${name}: ${values.length} prices, from ${text(Math.min(...values))} to ${text(Math.max(...values))}`,
  )
  const steps = [0.1, 0.366, 0.633, 0.9]
  byId('grid').replaceChildren(...steps.map((step) => gridLine(step * 320)))
  byId('scale').replaceChildren(
    ...steps.map((step) => {
      const mark = element('li', '', text(range.high - step * (range.high - range.low)))
      mark.style.top = `${step * 100}%`
      return mark
    }),
  )
  byId('from').textContent = timeOf(ticks[0])
  byId('to').textContent = timeOf(ticks.at(-1))
  document.title = `${name} ${text(values.at(-1))}`
}

function gridLine(y) {
  const line = svg('line')
  for (const [name, value] of Object.entries({ x1: 0, x2: 1000, y1: y, y2: y })) line.setAttribute(name, value)
  return line
}

/** Writes how far the last value is from the first. @returns which way. */
function tell(target, values) {
  const change = values.at(-1) / values[0] - 1
  const way = Math.abs(change) < 0.00005 ? 'none' : change > 0 ? 'up' : 'down'
  target.dataset.way = way
  target.textContent = `${{ down: '▼', none: '·', up: '▲' }[way]} ${(Math.abs(change) * 100).toFixed(2)} %`
  return way
}

function rangeOf(values) {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = (high - low || high / 100) / 8
  return { high: high + room, low: low - room }
}

function scaled(values, width, height, { high, low }) {
  const step = width / (values.length - 1)
  return values.map((value, index) => [index * step, ((high - value) / (high - low)) * height])
}

function path(points) {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
}

function element(name, className, ...children) {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

function text(price) {
  return price.toFixed(3)
}

function timeOf({ at }) {
  return new Date(at).toLocaleTimeString()
}
