/**
 * The script of the page: asks for a snapshot each second, and draws the difference to the one before. It writes texts
 * alone, since routes and addresses are what others have named.
 */
export const script = `
'use strict'
const kept = 120
const lines = { delay: [], latency: [], memory: [], rate: [] }
const place = (id) => document.getElementById(id)
const say = (id, text) => { place(id).textContent = text }
const number = (value) => value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2)
const time = (ms) => ms >= 1000 ? number(ms / 1000) + ' s' : ms >= 1 ? number(ms) + ' ms' : Math.round(ms * 1000) + ' µs'
const size = (bytes) => bytes >= 2 ** 30 ? number(bytes / 2 ** 30) + ' GB' : number(bytes / 2 ** 20) + ' MB'
function ago(ms) {
  const s = Math.floor(ms / 1000)
  return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min' : s < 86400 ? Math.floor(s / 3600) + ' h' : Math.floor(s / 86400) + ' d'
}
// The buckets begin at 2^-20 s, eight to each doubling.
function percentile(counts, share) {
  const total = counts.reduce((all, count) => all + count, 0)
  let seen = 0
  const index = counts.findIndex((count) => (seen += count) > 0 && seen >= total * share)
  return index < 0 ? 0 : 1000 * 2 ** (Math.floor(index / 8) - 20) * (1 + ((index % 8) + 0.5) / 8)
}
function draw(name, value) {
  const values = lines[name]
  values.push(value)
  if (values.length > kept) values.shift()
  const most = Math.max(...values) || 1
  // Half a minute at first, and then all that is kept.
  const shown = Math.max(30, values.length)
  const points = values.map((each, index) => ((shown - values.length + index) * 100 / (shown - 1)).toFixed(2) + ',' + (29 - 27 * each / most).toFixed(2))
  const [line, under] = place(name + '-line').children
  line.setAttribute('d', 'M' + points.join('L'))
  under.setAttribute('d', 'M' + points.join('L') + 'L100,30L' + points[0].split(',')[0] + ',30Z')
}
function drawStatus(now, before) {
  const bar = place('bar')
  const legend = place('legend')
  const classes = Object.keys(now)
  const recent = classes.map((each) => now[each] - before[each])
  const shown = recent.some((count) => count > 0) ? recent : classes.map((each) => now[each])
  const total = shown.reduce((all, count) => all + count, 0) || 1
  classes.forEach((each, index) => {
    bar.children[index].style.width = 100 * shown[index] / total + '%'
    legend.children[index].lastChild.textContent = each + ' ' + now[each].toLocaleString('en')
  })
}
function rowOf(texts) {
  const line = document.createElement('tr')
  line.append(...texts.map((text) => {
    const cell = document.createElement('td')
    cell.textContent = text
    return cell
  }))
  return line
}
function drawRoutes(now, before, seconds) {
  const known = new Map(before.map((each) => [each.method + ' ' + each.route, each]))
  const rows = now.map((each) => {
    const last = known.get(each.method + ' ' + each.route) ?? { count: 0, errors: 0, seconds: 0 }
    const count = each.count - last.count
    return { ...each, failed: each.errors - last.errors, mean: count > 0 ? 1000 * (each.seconds - last.seconds) / count : 0, rate: count / seconds }
  })
  rows.sort((one, other) => other.rate - one.rate || other.count - one.count)
  place('routes').replaceChildren(...rows.slice(0, 30).map((row) => {
    const line = rowOf([row.method, row.route || '(none matched)', number(row.rate), row.rate > 0 ? time(row.mean) : '–', row.errors.toLocaleString('en'), row.count.toLocaleString('en')])
    if (row.failed > 0) line.children[4].className = 'bad'
    return line
  }))
}
const partName = (part) => part.name + ' ' + Object.entries(part.labels).map(([name, value]) => name + ' ' + value).join(', ')
function drawParts(now, before, seconds) {
  const known = new Map(before.map((part) => [partName(part), part.value]))
  place('parts-all').hidden = now.length === 0
  place('parts').replaceChildren(...now.map((part) => {
    const rate = part.isCounter ? number(Math.max(0, part.value - (known.get(partName(part)) ?? part.value)) / seconds) : ''
    const line = rowOf([part.name.replace(/^hotpress_/, '').replace(/_total$/, ''), Object.values(part.labels).join(', '), rate, part.value.toLocaleString('en')])
    line.title = part.help
    return line
  }))
}
let before
function show(now) {
  say('about', 'process ' + now.pid + (now.worker === undefined ? '' : ', worker ' + now.worker) + ', up for ' + ago(now.uptime))
  say('connections', now.connections.toLocaleString('en'))
  const by = Object.entries(now.connectionsBy).map(([name, count]) => name + ' ' + count)
  say('connections-more', [...by, now.webSockets + ' WebSockets'].join(', '))
  say('active', now.requests.active.toLocaleString('en'))
  say('active-more', now.requests.total.toLocaleString('en') + ' ended, ' + now.requests.aborted.toLocaleString('en') + ' broken off')
  say('memory', size(now.memory.rss))
  say('memory-more', 'heap ' + size(now.memory.heapUsed) + ' of ' + size(now.memory.heapTotal))
  draw('memory', now.memory.rss)
  say('delay', time(now.eventLoop.p99))
  draw('delay', now.eventLoop.p99)
  if (before === undefined || before.pid !== now.pid || before.time >= now.time) { before = now; return }
  const seconds = (now.time - before.time) / 1000
  const rate = (now.requests.total - before.requests.total) / seconds
  const counts = now.requests.latencies.map((count, index) => count - (before.requests.latencies[index] ?? 0))
  say('rate', number(rate))
  draw('rate', rate)
  say('rate-more', 'at most ' + number(Math.max(...lines.rate)) + ' in two minutes')
  const p99 = percentile(counts, 0.99)
  say('latency', rate > 0 ? time(p99) : '–')
  say('latency-more', rate > 0 ? 'median ' + time(percentile(counts, 0.5)) : 'no requests')
  draw('latency', p99)
  const busy = (now.eventLoop.active - before.eventLoop.active) / (now.eventLoop.time - before.eventLoop.time)
  say('delay-more', 'at work for ' + Math.round(100 * busy) + ' % of the time')
  drawStatus(now.requests.byStatus, before.requests.byStatus)
  drawRoutes(now.routes, before.routes, seconds)
  drawParts(now.parts, before.parts, seconds)
  before = now
}
async function ask() {
  try {
    const answer = await fetch(location.pathname.replace(/\\/$/, '') + '/stats', { cache: 'no-store' })
    if (!answer.ok) throw new Error(answer.status)
    show(await answer.json())
    place('state').className = 'on'
    say('state', 'live')
  } catch (error) {
    place('state').className = 'off'
    say('state', 'not reached')
  }
  setTimeout(ask, 1000)
}
ask()
`
