// /organisation/: the panel beside the chart, the search as one types, and the drawn chart. Without this script the tree, the
// search and every page that the panel shows work as links.
import { Panel } from './chart/panel.js'
import { Search } from './chart/search.js'

const page = JSON.parse(document.getElementById('og-data').textContent)
const one = (selector) => document.querySelector(selector)
const said = (text) => (one('#og-said').textContent = text)
const WIDE = matchMedia('(min-width: 761px)')

const panel = new Panel(one('#og'), one('#og-panel'), page.words, said)
new Search(one('.og-search'), one('#og-found'), page, panel)
const tools = one('#og-tools')
let chart = null

/** `chart` draws it (once), `list` shows the tree that needs no script. */
async function show(view) {
  for (const button of tools.querySelectorAll('[data-view]')) button.setAttribute('aria-pressed', String(button.dataset.view === view))
  const drawn = view === 'chart'
  one('#og-tree').hidden = drawn
  one('#og-chart').hidden = !drawn
  one('#og-zoom').hidden = !drawn
  if (drawn) (await drawnChart()).resized()
}

async function drawnChart() {
  if (!chart) {
    const { Drawn } = await import('./chart/drawn.js')
    chart = new Drawn(one('#og-chart'), page, panel, said)
  }
  return chart
}

async function save(kind, menu) {
  menu.open = false
  const { saveAs } = await import('./chart/saving.js')
  const file = await saveAs(kind, await drawnChart(), page)
  said(page.words.saved.replace('{file}', file))
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-panel]')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
  event.preventDefault()
  panel.open(link.href, link)
})
tools.addEventListener('click', async (event) => {
  const { view, zoom, export: kind } = event.target.closest('button')?.dataset ?? {}
  if (view) await show(view)
  else if (zoom) await (await drawnChart()).zoom(zoom)
  else if (kind) await save(kind, event.target.closest('details'))
})
tools.hidden = false
if (WIDE.matches) show('chart')
