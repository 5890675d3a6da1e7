/** The style sheet of the page. */
export const style = `
:root { color-scheme: light dark; --back: #fafaf9; --card: #fff; --dim: #78716c; --edge: #e7e5e4; --text: #1c1917; --line: #ea580c; --s1: #a8a29e; --s2: #16a34a; --s3: #0284c7; --s4: #d97706; --s5: #dc2626 }
@media (prefers-color-scheme: dark) { :root { --back: #0c0a09; --card: #1c1917; --dim: #a8a29e; --edge: #292524; --text: #f5f5f4; --line: #fb923c } }
* { box-sizing: border-box }
body { background: var(--back); color: var(--text); font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 78rem; padding: 1.5rem }
header { align-items: baseline; display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin-bottom: 1.25rem }
h1 { font-size: 1.2rem; margin: 0 }
h2 { font-size: .95rem; margin: 1.75rem 0 .5rem }
.dim { color: var(--dim) }
#state { border-radius: 99px; padding: .05rem .6rem }
#state.on { background: color-mix(in srgb, var(--s2) 18%, transparent); color: var(--s2) }
#state.off { background: color-mix(in srgb, var(--s5) 18%, transparent); color: var(--s5) }
.cards { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: .8rem .9rem .6rem }
.card b { display: block; font-size: 1.55rem; font-variant-numeric: tabular-nums; font-weight: 600; line-height: 1.25 }
.card span { color: var(--dim) }
svg { display: block; height: 3rem; margin-top: .35rem; width: 100% }
svg path { fill: none; stroke: var(--line); stroke-width: 1.5; vector-effect: non-scaling-stroke }
svg path.under { fill: var(--line); opacity: .12; stroke: none }
#bar { border-radius: 6px; display: flex; height: .8rem; overflow: hidden; background: var(--edge) }
#bar i { display: block; height: 100%; transition: width .3s }
#legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin-top: .45rem; font-variant-numeric: tabular-nums }
#legend i { border-radius: 3px; display: inline-block; height: .65rem; margin-right: .4rem; width: .65rem }
.k1 { background: var(--s1) } .k2 { background: var(--s2) } .k3 { background: var(--s3) } .k4 { background: var(--s4) } .k5 { background: var(--s5) }
.table { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th { color: var(--dim); font-weight: 400; white-space: nowrap }
td, th { border-bottom: 1px solid var(--edge); padding: .4rem .9rem; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tr:last-child td { border-bottom: 0 }
td:first-child, th:first-child, td:nth-child(2), th:nth-child(2) { text-align: left }
td:nth-child(2) { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; min-width: 9rem; overflow-wrap: anywhere; white-space: normal }
td.bad { color: var(--s5) }
`
