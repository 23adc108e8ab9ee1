// What stands above a page of forms: what waits for a network, what went, and what came back with the way on.

import { all, drop, now, put } from './store.js'
import { flush } from './queue.js'
import { clock, el, icon } from './elements.js'

export class Kept {
  constructor(box, say) {
    Object.assign(this, { box, say })
    this.login = box.dataset.login
    this.went = new Map()
    addEventListener('online', () => this.send())
    addEventListener('offline', () => this.show())
    navigator.serviceWorker?.addEventListener('message', (event) => event.data?.flushed && this.show())
  }

  /** Send what waits, then show how things are. */
  async send() {
    await flush(this.login)
    await this.show()
  }

  /** That something went is said once, be it that the worker sent it while no page was open. */
  async notice(sent) {
    for (const one of sent) {
      this.went.set(one.id, one)
      await drop('queue', one.id)
    }
    if (sent.length) this.box.dispatchEvent(new CustomEvent('sent', { detail: sent }))
  }

  async mine() {
    return (await all('queue')).filter((one) => one.login === this.login).sort((a, b) => a.at.localeCompare(b.at))
  }

  async show() {
    this.now = await now()
    const mine = await this.mine()
    await this.notice(mine.filter((one) => one.state === 'sent'))
    const here = [...document.querySelectorAll('[data-form]')].map((form) => form.getAttribute('action')) // these say so themselves
    const open = mine.filter((one) => one.state === 'back' || (one.state === 'waiting' && !here.includes(one.path))).map((one) => (one.state === 'back' ? this.back(one) : this.waiting(one)))
    // so that signing out does not wipe away what waits; see begin_screens.py
    document.cookie = `forms_wait=1; path=/; samesite=lax; max-age=${mine.some((one) => one.state !== 'sent') ? 7 * 24 * 3600 : 0}`
    const went = [...this.went.values()].map((one) => el('p.say.say-success', {}, this.say('sent', { title: one.title, when: this.clock(one.at) }), ' ', el('a', { href: one.href }, this.say('where'))))
    this.box.replaceChildren(...went, ...open)
  }

  clock(iso) {
    return clock(iso, this.box.dataset, this.now)
  }

  waiting(one) {
    const text = this.say(navigator.onLine ? 'login' : 'waits', { title: one.title, when: this.clock(one.at) })
    return el('p.saved-line', {}, icon('cloud'), el('span.grow', {}, text))
  }

  back(one) {
    const { outcome } = one
    const why = outcome.how === 'asked' ? outcome.asked.map((it) => it.message) : outcome.problems.length ? outcome.problems : [this.say(outcome.status === 403 || outcome.status === 404 ? 'gone' : 'unreadable')]
    const written = one.shown.flatMap(([title, value]) => [el('dt', {}, title), el('dd', {}, value)])
    const again = outcome.how === 'asked' || one.path.startsWith('/me/do/') // a step that is done takes nothing more
    const go = again ? el('button.btn', { type: 'button', onclick: () => this.goOn(one) }, icon('pen'), this.say('go_on')) : el('a.btn', { href: one.path }, this.say('where'))
    const copy = el('button.btn', { type: 'button', onclick: (event) => this.copy(one, event.currentTarget) }, this.say('copy'))
    const away = el('button.btn.btn-text', { type: 'button', onclick: () => this.putAway(one) }, this.say('put_away'))
    return el(
      'section.card.back-card', { 'data-back': one.id },
      el('b', {}, this.say('back', { title: one.title })), el('p.muted.small', {}, this.clock(one.at)),
      ...why.map((text) => el('p', {}, text)),
      el('details', {}, el('summary', {}, this.say('written')), el('dl', {}, ...written)),
      el('div.row.wrap.acts', {}, go, copy, away),
    )
  }

  /** What was written becomes the draft of its form again. */
  async goOn(one) {
    await put('drafts', { id: `${this.login}|${one.path}`, login: this.login, pairs: one.pairs, at: one.at })
    await drop('queue', one.id)
    location.assign(one.path)
  }

  async copy(one, button) {
    await navigator.clipboard.writeText(one.shown.map(([title, value]) => `${title}\n${value}`).join('\n\n')).catch(() => undefined)
    button.textContent = this.say('copied')
  }

  async putAway(one) {
    await drop('queue', one.id)
    await this.show()
  }
}
