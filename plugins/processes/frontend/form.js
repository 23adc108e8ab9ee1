// A form on a phone: says while one writes what is left, keeps a draft, takes files, and hands in, with or without a network.
// Without this script the form is sent as any form.

import { clock, el, icon, isOtherwise, wordsOf } from './form/elements.js'
import { Files } from './form/files.js'
import { amount, gapsOf, labelOf, length } from './form/gaps.js'
import { Ideas } from './form/ideas.js'
import { Kept } from './form/kept.js'
import { freshToken, keep, send, takeBack } from './form/queue.js'
import { localDay, sayAnew } from './form/recent.js'
import { Rows } from './form/rows.js'
import { drop, get, keepOnlyOf, now, put } from './form/store.js'

const LOOKS_AFTER = 500 // ms without a key
const RING = 113.1 // the ring's length

/** Whether other fields are filled in anew where this one is changed: it says about which day or which case the form is. */
const refills = (input) => input.matches('[data-recent], [data-cases]')
const newKey = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join('-')

class FormPage {
  /** `form` brings where to ask; `kept` shows what waits, and whose page it is. */
  constructor(form, kept, say) {
    Object.assign(this, { form, kept, say, asked: [], key: newKey(), tried: false, touched: false, refills: 0 })
    this.box = kept.box
    this.path = form.getAttribute('action')
    this.apart = form.dataset.apart ?? ''
    this.id = [kept.login, this.path, this.apart].filter(Boolean).join('|')
    this.main = form.querySelector('[data-main]')
    this.asIs = form.querySelector('[data-asis]')
    this.fields = [...form.querySelectorAll('.ff')]
    this.rows = new Map([...form.querySelectorAll('[data-table]')].map((box) => [box.dataset.table, new Rows(box, box.nextElementSibling, say, () => this.changed(box))]))
    const tokenOf = async () => (await freshToken(this.box.dataset.token))?.token ?? Promise.reject(new Error('no network'))
    this.files = new Map(this.fields.filter((one) => one.dataset.type === 'files').map((one) => [one.dataset.field, new Files(one, form, say, tokenOf, (how) => this.changed(one, how))]))
    this.ideas = new Map(this.fields.filter((one) => one.querySelector('[data-ideas]')).map((one) => [one.dataset.field, new Ideas(one, kept.box.dataset.lang)]))
    form.addEventListener('input', (event) => this.typed(event))
    form.addEventListener('change', ({ target }) => this.changed(target, { fill: refills(target) }))
    form.addEventListener('submit', (event) => this.pressed(event))
    this.asIs.addEventListener('click', () => this.handIn(this.main))
    this.asIs.textContent = say('as_it_is')
    const before = [...form.querySelectorAll('input, textarea, select')].filter((one) => one.type !== 'file' && isOtherwise(one))
    before.forEach((one) => this.changed(one, { fill: refills(one) })) // written before this ran
    this.box.addEventListener('sent', ({ detail }) => detail.some((one) => this.isOf(one)) && this.offer(null))
  }

  /** Whether something that waits was written in this form, and not in the one about another day. */
  isOf(item) {
    return item.path === this.path && (item.apart ?? '') === this.apart
  }

  async begin() {
    const waiting = (await this.kept.mine()).find((one) => this.isOf(one) && one.state === 'waiting')
    if (!this.touched) await this.beOfToday()
    if (waiting && !this.touched) {
      this.write(waiting.pairs)
      this.offer(waiting)
    } else if (this.form.dataset.shown === 'first') await this.restore()
    this.show()
    this.look()
  }

  // -- what stands in it -----------------------------------------------------------------------------------------
  /** A page that was kept on another day: what was filled in then is not so today. */
  async beOfToday() {
    const at = await now()
    const fresh = Math.abs(at - Date.parse(this.form.dataset.now)) < 10 * 60_000
    if (fresh || this.form.dataset.shown !== 'first' || this.form.dataset.today === localDay(at)) return
    for (const select of this.form.querySelectorAll('[data-recent]')) sayAnew(select, at, this.box.dataset.lang, this.apart && select.value)
    if (this.apart) return // it is about a day of its own, and what was known of that is so still
    for (const field of this.fields.filter((one) => one.querySelector('[data-source]'))) {
      const input = field.querySelector('input, select, textarea')
      if (input) input.value = input.value === this.form.dataset.today ? localDay(at) : ''
    }
  }

  get pairs() {
    return [...new FormData(this.form)].filter(([name, value]) => typeof value === 'string' && name !== 'csrf_token')
  }

  state(field) {
    const { field: name, type, title = '', least, enough } = field.dataset
    const value = this.rows.get(name)?.filled ?? this.files.get(name)?.count ?? this.textOf(field, type)
    return { name, title, type, value, required: 'required' in field.dataset, least: Number(least), enough: Number(enough), enoughMust: 'enoughMust' in field.dataset }
  }

  textOf(field, type) {
    if (type === 'boolean') return field.querySelector('input:checked')?.value ?? ''
    return field.querySelector('input, select, textarea')?.value ?? ''
  }

  get states() {
    return this.fields.filter((one) => !['about', 'note'].includes(one.dataset.field)).map((one) => this.state(one))
  }

  /** Without a network only what can be seen here counts; the rest is looked at when it comes in. */
  get gaps() {
    return gapsOf(this.states, navigator.onLine ? this.asked : this.asked.filter((one) => one.least))
  }

  // -- the draft -------------------------------------------------------------------------------------------------
  async restore() {
    const draft = await get('drafts', this.id)
    if (!draft || this.touched) return
    if (draft.key) this.key = draft.key
    this.write(draft.pairs)
    const fresh = el('button.btn.btn-text.btn-sm', { type: 'button', onclick: () => this.beginAnew() }, this.say('fresh'))
    this.note(this.say('draft', { when: clock(draft.at, this.box.dataset, await now()) }), fresh)
  }

  /** Put pairs of a draft into the fields; rows are made as they are needed. */
  write(pairs) {
    for (const [name, table] of this.rows) {
      const cell = new RegExp(`^f-${name}-(\\d+)-`)
      const numbers = pairs.map(([of]) => Number(cell.exec(of)?.[1] ?? -1)).filter((number) => number >= 0)
      if (numbers.length) table.reach(Math.max(...numbers))
    }
    const kept = new Set(pairs.filter(([name]) => name.startsWith('p-')).map(([, value]) => value))
    for (const [name, value] of pairs) {
      if (['version', 'part', 'outcome', 'csrf_token'].includes(name) || name.startsWith('p-')) continue
      for (const one of this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (one.type === 'radio') one.checked = one.value === value
        else if (one.type !== 'hidden' && one.type !== 'file') this.set(one, value)
      }
    }
    for (const id of kept) this.againIn(pairs, id)
  }

  /** A file of the draft that the page does not show: it is kept by the server, under this name. */
  againIn(pairs, id) {
    const [name] = pairs.find(([of, value]) => of.startsWith('p-') && value === id)
    this.files.get(name.slice(2))?.add({ id, name: `#${id}` })
  }

  set(input, value) {
    if (input.value !== value) input.closest('.ff')?.querySelector('[data-source]')?.remove()
    input.value = value
  }

  async beginAnew() {
    await drop('drafts', this.id)
    location.reload()
  }

  async saveDraft() {
    await put('drafts', { id: this.id, login: this.kept.login, pairs: this.pairs, at: (await now()).toISOString(), key: this.key })
  }

  note(text, ...more) {
    const line = this.form.querySelector('[data-saved]')
    line.hidden = !text
    line.querySelector('span').replaceChildren(el('span.grow', {}, text ?? ''), ...more)
  }

  // -- writing ---------------------------------------------------------------------------------------------------
  typed(event) {
    event.target.closest('.ff')?.querySelector('[data-source]')?.remove()
    this.changed(event.target)
  }

  /** `where`: what was changed; what was asked of it is an answer to what stood there before. */
  changed(where, { fill = false } = {}) {
    const name = where.closest('.ff')?.dataset.field
    this.touched = true
    if (fill) this.refills += 1 // stays so until it is answered, whatever is looked at meanwhile
    this.asked = this.asked.filter((one) => one.least || one.at.split(/[.[]/)[0] !== name)
    this.show()
    clearTimeout(this.saving)
    this.saving = setTimeout(() => this.saveDraft(), 250)
    clearTimeout(this.looking)
    this.looking = setTimeout(() => this.look(), fill ? 0 : LOOKS_AFTER)
    this.unseen = true
  }

  /** Ask the server what it would ask of what stands here now. Whatever keeps it from answering, writing goes on. */
  async look() {
    if (!navigator.onLine) return
    clearTimeout(this.looking)
    this.unseen = false
    const looked = (this.looks = (this.looks ?? 0) + 1)
    const fill = this.refills
    const state = new Map(this.states.map((one) => [one.name, one]))
    const body = new URLSearchParams(this.pairs)
    body.append('outcome', this.main.value)
    if (fill) body.append('fill', 'true')
    const headers = { Accept: 'application/json', 'X-CSRFToken': this.form.elements.csrf_token.value }
    const answer = await fetch(this.form.dataset.look, { method: 'POST', body, headers, credentials: 'same-origin', signal: AbortSignal.timeout(5000) }).catch(() => null)
    const said = answer?.ok ? await answer.json().catch(() => null) : null
    if (!said || looked !== this.looks) return // what was written meanwhile is looked at next
    this.asked = said.asked
    this.learn(state)
    const refilled = fill && fill === this.refills && this.fillIn(said.filled)
    if (fill === this.refills) this.refills = 0
    this.show()
    if (refilled) this.look() // what was asked of it is an answer to what stood there before
  }

  /** From how many characters on the rules are content, as their latest answer says. */
  learn(state) {
    for (const field of this.fields) {
      const was = state.get(field.dataset.field)
      const said = this.asked.find((one) => one.at === field.dataset.field && one.least)
      if (said) {
        field.dataset.enough = said.least
        field.toggleAttribute('data-enough-must', said.must)
      } else if (was && was.enough && amount(was) > 0 && amount(was) < was.enough) {
        field.dataset.enough = 0 // it is short, and nobody asks any more
      }
    }
  }

  /** What is known of the fields in which nobody wrote. Where the day or the case is another one, what was known of the other is gone. Whether anything changed. */
  fillIn(filled) {
    const before = JSON.stringify(this.pairs)
    const gone = this.form.querySelector('[data-recent], [data-cases]') ? this.fields.filter((one) => one.querySelector('[data-source]') && !(one.dataset.field in filled)) : []
    for (const field of gone) {
      this.set(field.querySelector('input, textarea, select'), '')
      field.querySelector('[data-source]')?.remove()
    }
    for (const [name, { value, source }] of Object.entries(filled ?? {})) {
      const field = this.fields.find((one) => one.dataset.field === name)
      const input = field?.querySelector('input, textarea, select')
      if (!input || (input.value && !field.querySelector('[data-source]'))) continue
      input.value = Array.isArray(value) ? value.join('\n') : value
      const mark = field.querySelector('[data-source]') ?? field.querySelector('.fs').insertBefore(el('span.src', { 'data-source': true }), field.querySelector('[data-count]'))
      mark.textContent = source
    }
    const fresh = new Set([...gone.map((one) => one.dataset.field), ...Object.keys(filled ?? {})])
    this.asked = this.asked.filter((one) => one.least || !fresh.has(one.at.split(/[.[]/)[0]))
    return JSON.stringify(this.pairs) !== before
  }

  // -- showing ---------------------------------------------------------------------------------------------------
  show() {
    const gaps = this.gaps
    for (const field of this.fields) this.showField(field, gaps.filter((gap) => gap.name === field.dataset.field))
    const others = gaps.filter((gap) => gap.kind === 'asked' && !this.fields.some((one) => one.dataset.field === gap.name))
    this.form.querySelector('[data-rest]')?.replaceChildren(...others.map((gap) => this.remark(gap.message)))
    this.main.textContent = this.waits ? this.say('kept') : labelOf('without' in this.main.dataset ? [] : gaps, this.main.dataset.word, this.say)
    this.asIs.hidden = Boolean(this.waits) || !gaps.length || gaps.some((gap) => gap.must)
  }

  showField(field, gaps) {
    const state = field.dataset.type ? this.state(field) : null
    if (!state || field.dataset.field === 'note') return
    const of = amount(state)
    const aim = Math.max(state.least || 0, state.enough || 0)
    const count = field.querySelector('[data-count]')
    if (count) count.textContent = aim ? this.say(state.type === 'text' ? 'of' : 'of_items', { n: of, most: aim }) : ''
    const counted = gaps.find((gap) => gap.n)
    this.ring(field, counted && of > 0 ? counted : null, of)
    this.ideas.get(state.name)?.show(!state.enough || of < aim)
    const shown = gaps.filter((gap) => gap.kind === 'asked' || (gap.kind === 'open' && this.tried)).filter((gap) => this.tried || of > 0)
    const texts = shown.map((gap) => (gap.kind === 'open' ? this.say('still_open') : this.inRow(gap)))
    const box = field.querySelector('[data-remarks]')
    const before = [...(box?.children ?? [])].map((one) => one.textContent).join('\n')
    if (box && before !== texts.join('\n') && !box.querySelector('[data-upload]')) box.replaceChildren(...texts.map((text) => this.remark(text)))
    field.classList.toggle('bad', this.tried && shown.some((gap) => gap.must))
  }

  inRow(gap) {
    const row = /\[(\d+)\]/.exec(gap.at ?? '')
    return row && gap.at.includes('.') ? `${this.say('row', { n: Number(row[1]) + 1 })} · ${gap.message}` : gap.message
  }

  ring(field, gap, of) {
    const live = field.querySelector('[data-live]')
    if (!live) return
    live.hidden = !gap
    if (!gap) return
    live.querySelector('.arc').setAttribute('stroke-dasharray', `${(RING * of) / gap.of} 200`)
    live.querySelector('text').textContent = gap.n
    live.querySelector('[data-left]').textContent = this.say(gap.kind === 'characters' ? 'chars_to_go' : 'to_go', { n: gap.n })
    const [idea] = this.ideas.get(gap.name)?.left ?? []
    live.querySelector('[data-hint]').textContent = gap.message || (idea ? this.say('more_about', { idea }) : '')
  }

  remark(text) {
    return el('p.beside', { role: 'alert' }, icon('info'), el('span', {}, text))
  }

  goTo(gap) {
    const field = this.fields.find((one) => one.dataset.field === gap.name)
    if (!field) return this.main.scrollIntoView({ block: 'center' })
    const row = /\[(\d+)\](?:\.(.+))?/.exec(gap.at ?? '')
    const cell = row && this.rows.get(gap.name)?.rows[Number(row[1])]?.querySelector(row[2] ? `[data-column="${CSS.escape(row[2])}"] :is(input, select, textarea)` : 'input')
    field.scrollIntoView({ block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
    const input = cell || field.querySelector('input:not([type=hidden]), select, textarea')
    input?.focus({ preventScroll: true })
  }

  // -- handing in ------------------------------------------------------------------------------------------------
  async pressed(event) {
    event.preventDefault()
    const button = event.submitter ?? this.main
    if (this.waits) return this.kept.send()
    if (!this.noteIsThere(button)) return
    if ('without' in button.dataset) return this.handIn(button)
    if (this.unseen) await this.look()
    this.tried = true
    this.show()
    const [gap] = this.gaps
    if (!gap || (button !== this.main && !gap.must)) return this.handIn(button)
    if (!gap.must && !gap.title) return this.handIn(button)
    this.goTo(gap)
  }

  noteIsThere(button) {
    const note = this.form.elements.note
    if (!('note' in button.dataset) || length(note.value)) return true
    const field = note.closest('.ff')
    field.querySelector('[data-remarks]').replaceChildren(this.remark(this.say('a_note')))
    field.scrollIntoView({ block: 'center' })
    note.focus({ preventScroll: true })
    return false
  }

  async handIn(button) {
    if (this.busy) return
    this.busy = true
    clearTimeout(this.looking)
    this.main.setAttribute('aria-busy', 'true')
    if (button === this.main) this.main.textContent = this.say('sending')
    const pairs = [...this.pairs, ['outcome', button.value || this.main.value]]
    await this.saveDraft()
    const at = (await now()).toISOString()
    const outcome = await send({ url: this.path, pairs, login: this.kept.login, key: this.key }, this.box.dataset.token)
    this.busy = false
    this.main.removeAttribute('aria-busy')
    if (outcome.how === 'sent') return this.went(outcome)
    if (outcome.how === 'later' || outcome.how === 'login') return this.keepIt(pairs, at)
    if (outcome.how === 'asked') this.asked = outcome.asked
    this.show()
    if (outcome.how === 'asked' && this.gaps.length) return this.goTo(this.gaps[0])
    if (outcome.how === 'refused') this.refused(outcome)
  }

  async went(outcome) {
    await drop('drafts', this.id)
    location.assign(outcome.href)
  }

  async keepIt(pairs, at) {
    const chosen = (one) => one.querySelector('select')?.selectedOptions[0]?.text
    const shown = this.fields.map((one) => [this.state(one), chosen(one)]).map(([one, words]) => [one.title, typeof one.value === 'string' ? (one.value && words) || one.value : ''])
    const cells = pairs.filter(([name]) => /^f-.+-\d+-/.test(name)).map(([, value]) => value).filter(Boolean)
    if (cells.length) shown.push(['', cells.join(' · ')])
    const item = { id: this.key, login: this.kept.login, url: this.path, path: this.path, apart: this.apart, title: this.form.dataset.title, pairs, at, tokenUrl: this.box.dataset.token }
    await keep({ ...item, shown: shown.filter(([, value]) => value) })
    await drop('drafts', this.id)
    this.offer(item)
    await this.kept.show()
    if (navigator.onLine) setTimeout(() => this.kept.send(), 15_000)
  }

  /** It waits: the button says so, and it can be changed until it went. null: it went, and nobody hands it in once more. */
  offer(item) {
    this.waits = item
    for (const field of this.fields) field.inert = Boolean(item)
    if (!item) {
      this.form.hidden = true
      return
    }
    const back = el('button.btn.btn-text.btn-sm', { type: 'button', onclick: () => this.takeBack(item) }, this.say('take_back'))
    this.note(this.say(navigator.onLine ? 'login' : 'offline', { title: item.title }), back)
    this.show()
  }

  async takeBack(item) {
    if (!(await takeBack(item.id))) return this.kept.show() // it has just gone
    this.key = newKey() // should it have gone after all: better twice than what is changed now not at all
    this.waits = null
    for (const field of this.fields) field.inert = false
    this.note('')
    await this.kept.show()
    this.changed(this.form)
  }

  refused({ problems, status }) {
    const texts = problems.length ? problems : [this.say(status === 403 || status === 404 ? 'gone' : 'unreadable')]
    const box = this.form.querySelector('[data-rest]') ?? this.fields.at(-1).querySelector('[data-remarks]')
    box.replaceChildren(...texts.map((text) => this.remark(text)))
    box.scrollIntoView({ block: 'center' })
  }
}

/** The worker opens these pages without a network; where there is none, everything else goes on. */
async function engage(box) {
  if (!box.dataset.worker || !navigator.serviceWorker) return
  try {
    await navigator.serviceWorker.register(box.dataset.worker, { scope: '/me/', type: 'module' })
    const { active } = await navigator.serviceWorker.ready
    const files = performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.startsWith(`${location.origin}/static`))
    active.postMessage({ warm: [...JSON.parse(box.dataset.warm), ...(document.querySelector('[data-form]') ? [location.pathname + location.search] : [])], files, login: box.dataset.login })
  } catch {
    // no worker in this browser: drafts are kept all the same
  }
}

const box = document.querySelector('[data-kept]')
if (box) {
  document.documentElement.classList.add('scripted')
  const say = wordsOf(JSON.parse(box.dataset.words))
  const kept = new Kept(box, say)
  const pages = [...document.querySelectorAll('[data-form]')].map((form) => new FormPage(form, kept, say)) // hears from the first key on
  keepOnlyOf(box.dataset.login)
    .then(() => freshToken(box.dataset.token)) // and with it, what time it is there
    .then(() => Promise.all(pages.map((page) => page.begin())))
    .then(() => kept.send())
    .then(() => engage(box))
}
