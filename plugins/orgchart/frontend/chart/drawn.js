// The chart, drawn by d3-org-chart. It is given the units that are open and no others; those below a unit are fetched when
// somebody opens it. Everything in a node is a button, so that the keyboard reaches it.
import { OrgChart } from 'd3-org-chart'
import { zoom, zoomIdentity } from 'd3-zoom'

export const WIDTH = 220
const TOP = '\u0000top' // no unit's id: ids hold no control characters
const DEEP = 2 // so many levels are open at first
const MOST_OPENED = 40 // by one press on “open all”
const MOVING_MS = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200
const PAD = 24
const SMALLEST = 0.88 // of what is shown at first: smaller, its letters would be under 12 pixels
const [LOWEST, HIGHEST] = [420, 900] // pixels that the chart may be high

export class Drawn {
  /** `page`: nodes, words and addresses as the server gave them; `panel` shows what is pressed. */
  constructor(box, page, panel, said) {
    Object.assign(this, { box, page, panel, said, opened: new Set(), nodes: new Map(), moved: false, width: 0, last: null })
    this.take(page.nodes)
    const tops = page.nodes.filter((node) => !node.parent)
    if (tops.length > 1) this.crown(tops)
    this.top = tops.length > 1 ? TOP : tops[0].id
    this.openDown(this.top, DEEP)
    this.chart = new OrgChart()
      .container(box)
      .svgHeight(box.clientHeight || 560)
      .svgWidth(box.clientWidth || 800)
      .nodeWidth(() => WIDTH)
      .nodeHeight(({ data }) => heightOf(data))
      .childrenMargin(() => 46)
      .siblingsMargin(() => 16)
      .neighbourMargin(() => 20)
      .compactMarginBetween(() => 16)
      .compactMarginPair(() => 28)
      .scaleExtent([0.05, 3])
      .duration(MOVING_MS)
      .defaultFont('var(--font)')
      .createZoom(() => zoom().filter((event) => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : !event.button)))
      .onZoom((event) => (this.moved ||= Boolean(event.sourceEvent)))
      .nodeContent(({ data }) => this.content(data))
      .nodeUpdate(() => {})
      .linkUpdate(function () {
        this.removeAttribute('stroke')
      })
    this.draw()
    box.addEventListener('click', (event) => this.pressed(event))
    // the library opens a node at any Enter within it, and draws what has the focus away; here every node has buttons for that
    box.addEventListener('keydown', (event) => ['Enter', ' '].includes(event.key) && event.stopPropagation(), true)
    box.addEventListener('focusin', (event) => this.reveal(event.target))
    new ResizeObserver(() => this.resized()).observe(box)
    this.show(SMALLEST)
  }

  take(nodes) {
    for (const node of nodes) this.nodes.set(node.id, node)
  }

  /** One node over several top units. */
  crown(tops) {
    this.nodes.set(TOP, { id: TOP, parent: '', name: this.page.words.company, people: '', posts: [], inside: tops.length, loaded: true })
    for (const node of tops) node.parent = TOP
  }

  below(id) {
    return [...this.nodes.values()].filter((node) => node.parent === id && node.id !== id)
  }

  openDown(id, levels) {
    if (!levels || !this.nodes.get(id)?.loaded) return
    this.opened.add(id)
    for (const node of this.below(id)) this.openDown(node.id, levels - 1)
  }

  /** The units whose every unit above is open. */
  visible() {
    const found = [this.nodes.get(this.top)]
    for (const node of found) if (this.opened.has(node.id)) found.push(...this.below(node.id))
    return found
  }

  draw() {
    const data = this.visible().map((node) => ({ ...node, open: this.opened.has(node.id), parentId: node.id === this.top ? '' : node.parent, _expanded: true }))
    this.chart.data(data).render()
    // what goes is gone after its way out: drawn anew before that, it would go though it is wanted again
    const still = (this.still = new Promise((on) => setTimeout(on, MOVING_MS + 80)))
    this.box.setAttribute('aria-busy', 'true')
    still.then(() => still === this.still && this.box.setAttribute('aria-busy', 'false'))
    for (const node of this.box.querySelectorAll('.node')) node.removeAttribute('tabindex')
  }

  async toggle(id) {
    await this.still
    const node = this.nodes.get(id)
    if (this.opened.has(id)) this.opened.delete(id)
    else if (await this.fetched(node)) this.opened.add(id)
    this.draw()
    if (!this.moved) this.show(SMALLEST)
    const focus = () => this.box.querySelector(`[data-fold="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })
    focus()
    await this.still
    if (document.activeElement === document.body) focus() // the node was drawn anew when it came to its place
  }

  async fetched(node) {
    if (node.loaded) return true
    const query = new URLSearchParams({ unit: node.id })
    if (this.page.day) query.set('day', this.page.day)
    this.said(this.page.words.loading)
    try {
      const answer = await fetch(`${this.page.below}?${query}`, { credentials: 'same-origin' })
      if (!answer.ok || answer.redirected) throw new Error(answer.status)
      this.take((await answer.json()).nodes)
    } catch {
      this.said(this.page.words.lost)
      return false
    }
    this.said('')
    return (node.loaded = true)
  }

  async openAll() {
    let left = MOST_OPENED
    for (const node of this.visible()) {
      if (!node.inside || this.opened.has(node.id) || !left--) continue
      if (!(await this.fetched(node))) break
      this.opened.add(node.id)
    }
    this.draw()
  }

  async zoom(how) {
    await this.still
    if (how === 'in') this.chart.zoomIn()
    else if (how === 'out') this.chart.zoomOut()
    else if (how === 'fit') this.show(0)
    else {
      if (how === 'all') await this.openAll()
      else this.closeAll()
      this.show(SMALLEST)
    }
  }

  closeAll() {
    this.opened.clear()
    this.draw()
  }

  /** As much of the chart as there is room for, from its top, not smaller than `smallest`; the box is as high as that needs. */
  show(smallest) {
    const width = this.box.clientWidth
    if (!width) return
    const nodes = this.chart.getChartState().root.descendants()
    const left = Math.min(...nodes.map((node) => node.x - node.width / 2)) - PAD
    const right = Math.max(...nodes.map((node) => node.x + node.width / 2)) + PAD
    const bottom = Math.max(...nodes.map((node) => node.y + node.height)) + PAD
    let scale = Math.min(1, Math.max(smallest, width / (right - left)))
    const height = Math.max(LOWEST, Math.min(HIGHEST, (bottom + PAD) * scale))
    if (!smallest) scale = Math.min(scale, height / (bottom + PAD))
    this.box.style.height = `${height}px`
    const { svg, centerG, zoomBehavior } = this.chart.svgWidth(width).svgHeight(height).getChartState()
    svg.attr('width', width).attr('height', height)
    const inner = centerG.node().transform.baseVal.consolidate()?.matrix ?? { e: 0, f: 0 }
    const middle = smallest && (right - left) * scale > width ? nodes[0].x : (left + right) / 2
    svg.call(zoomBehavior.transform, zoomIdentity.translate(width / 2 - (middle + inner.e) * scale, (PAD - inner.f) * scale).scale(scale))
    this.moved = false
    this.width = width
  }

  resized() {
    const width = this.box.clientWidth
    if (!width || width === this.width) return
    if (!this.moved) {
      this.show(SMALLEST)
      return this.last?.isConnected && this.reveal(this.last)
    }
    this.chart.svgWidth(width)
    this.box.querySelector('svg')?.setAttribute('width', width)
    this.width = width
  }

  pressed(event) {
    const button = event.target.closest('button')
    if (!button) return
    this.last = button
    if (button.dataset.fold !== undefined) this.toggle(button.dataset.fold)
    else this.panel.open(button.dataset.href, button)
  }

  /** Move the chart so that what has the focus is seen. */
  reveal(element) {
    const inner = element.getBoundingClientRect()
    const outer = this.box.getBoundingClientRect()
    const dx = beyond(inner.left, inner.right, outer.left, outer.right)
    const dy = beyond(inner.top, inner.bottom, outer.top, outer.bottom)
    this.box.scrollTo(0, 0) // the browser scrolls to it by itself, and then everything lies beside its place
    if (!dx && !dy) return
    const { svg, zoomBehavior, lastTransform } = this.chart.getChartState()
    svg.call(zoomBehavior.translateBy, dx / lastTransform.k, dy / lastTransform.k)
  }

  content(node) {
    const { words } = this.page
    const href = this.page.unit.replace('ID', encodeURIComponent(node.id))
    const day = this.page.day ? `?day=${this.page.day}` : ''
    const title =
      node.id === TOP
        ? `<span class="oc-name">${text(node.name)}</span>`
        : `<button type="button" class="oc-name" data-href="${href}${day}">${text(node.name)}</button>`
    return `<div class="oc" data-unit="${text(node.id)}"><div class="oc-top">${face(node.head)}<div>${title}${beneath(node, words)}</div></div>
      <div class="oc-posts">${node.posts.map((post) => this.post(post, day)).join('')}${rest(node)}</div>${fold(node, this.opened, words)}</div>`
  }

  post(post, day) {
    const href = this.page.position.replace('ID', encodeURIComponent(post.id))
    return `<button type="button" class="${post.empty ? 'is-empty' : ''}" data-href="${href}${day}"><span>${text(post.name)}</span><span>${text(post.held)}</span></button>`
  }
}

const heightOf = (node) =>
  66 + 26 * node.posts.length + (node.more ? 20 : 0) + (node.inside ? 32 : 0)

const face = (head) => {
  if (!head) return ''
  return head.photo ? `<img src="${text(head.photo)}" alt="">` : `<span class="ava" aria-hidden="true">${text(head.initial)}</span>`
}

function beneath(node, words) {
  const mark = node.head?.look ? `<i class="mk mk-${node.head.look}"></i><span class="sr">${text(node.head.lamp)}</span>` : ''
  const name = node.head && (node.outside ? words.outside.replace('{name}', node.head.name) : node.head.name)
  const parts = [node.people, name].filter(Boolean).map(text).join(' · ')
  return `<div class="oc-sub" title="${text(node.head?.reports ?? '')}"><span>${parts}</span>${mark}</div>`
}

const rest = (node) => (node.more ? `<span class="oc-rest">+${node.more}</span>` : '')

function fold(node, opened, words) {
  if (!node.inside) return ''
  const open = opened.has(node.id)
  return `<button type="button" class="oc-fold" data-fold="${text(node.id)}" aria-expanded="${open}"><span aria-hidden="true">${open ? '−' : '+'}</span> ${node.inside}<span class="sr"> ${text(node.name)}: ${open ? words.close : words.open}</span></button>`
}

/** How far something must move along one axis to lie within. */
const beyond = (from, to, least, most) => (from < least ? least - from + 12 : to > most ? most - to - 12 : 0)

const SIGNS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const text = (value) => String(value).replace(/[&<>"']/g, (sign) => SIGNS[sign])
