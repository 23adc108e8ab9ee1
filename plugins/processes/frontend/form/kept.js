// What stands above a page of forms: what waits for a network, what went, and what came back with the way on.

import { all, drop, put } from './store.js'
import { flush } from './queue.js'
import { clock, el, icon } from './elements.js'

export class Kept {
  constructor(box, say) {
    Object.assign(this, { box, say })
    this.login = box.dataset.login
    this.lang = box.dataset.lang
    this.went = []
    addEventListener('online', () => this.send())
    addEventListener('offline', () => this.show())
    navigator.serviceWorker?.addEventListener('message', (event) => event.data?.flushed && this.noticed(event.data.flushed))
  }

  /** Send what waits, then show how things are. */
  async send() {
    const sent = await flush(this.login)
    this.went.push(...sent)
    await this.show()
    if (sent.length) this.box.dispatchEvent(new CustomEvent('sent', { detail: sent }))
  }

  async noticed(sent) {
    this.went.push(...sent.filter((one) => one.login === this.login && !this.went.some((it) => it.id === one.id)))
    await this.show()
  }

  async mine() {
    return (await all('queue')).filter((one) => one.login === this.login).sort((a, b) => a.at.localeCompare(b.at))
  }

  async show() {
    const lines = (await this.mine()).map((one) => (one.state === 'back' ? this.back(one) : this.waiting(one)))
    const went = this.went.map((one) => el('p.say.say-success', {}, this.say('sent', { title: one.title, when: clock(one.at, this.lang) })))
    this.box.replaceChildren(...went, ...lines)
  }

  waiting(one) {
    const text = this.say(navigator.onLine ? 'login' : 'waits', { title: one.title, when: clock(one.at, this.lang) })
    return el('p.saved-line', {}, icon('cloud'), el('span.grow', {}, text))
  }

  back(one) {
    const { outcome } = one
    const why = outcome.how === 'asked' ? outcome.asked.map((it) => it.message) : outcome.problems.length ? outcome.problems : [this.say(outcome.status === 403 || outcome.status === 404 ? 'gone' : 'unreadable')]
    const written = one.shown.flatMap(([title, value]) => [el('dt', {}, title), el('dd', {}, value)])
    const go = el('button.btn', { type: 'button', onclick: () => this.goOn(one) }, icon('pen'), this.say('go_on'))
    const copy = el('button.btn', { type: 'button', onclick: (event) => this.copy(one, event.currentTarget) }, this.say('copy'))
    const away = el('button.btn.btn-text', { type: 'button', onclick: () => this.putAway(one) }, this.say('put_away'))
    return el(
      'section.card.back-card', { 'data-back': one.id },
      el('b', {}, this.say('back', { title: one.title })), el('p.muted.small', {}, clock(one.at, this.lang)),
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
