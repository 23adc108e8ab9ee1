// People, posts and units, found while one types. Enter without a choice asks the server for the page of what was found.

const PAUSE_MS = 200

export class Search {
  constructor(form, box, page, panel) {
    Object.assign(this, { form, box, page, panel, asked: 0, timer: 0 })
    this.field = form.elements.q
    this.field.addEventListener('input', () => {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.ask(), PAUSE_MS)
    })
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.ask()
    })
  }

  async ask() {
    const turn = ++this.asked
    const words = this.field.value.trim()
    if (!words) return this.show(null)
    const query = new URLSearchParams({ q: words })
    if (this.page.day) query.set('day', this.page.day)
    try {
      const answer = await fetch(`${this.page.search}?${query}`, { credentials: 'same-origin' })
      if (!answer.ok || answer.redirected) throw new Error(answer.status)
      const { found } = await answer.json()
      if (turn === this.asked) this.show(found) // an older answer must not come over a newer one
    } catch {
      this.panel.said(this.page.words.lost)
    }
  }

  show(found) {
    this.box.hidden = !found
    this.box.replaceChildren()
    if (!found) return
    const card = this.box.appendChild(element('section', 'card og-results'))
    if (!found.length) card.appendChild(element('p', 'soft', this.page.words.nothing))
    const list = card.appendChild(element('ul'))
    for (const one of found) {
      const item = list.appendChild(element('li'))
      const link = item.appendChild(element('a', '', one.name))
      link.href = one.href
      link.dataset.panel = ''
      item.append(' ', element('span', 'tag', this.page.words[one.kind]), ' ', element('span', 'muted small', one.where))
    }
    this.panel.said(found.length ? '' : this.page.words.nothing)
  }
}

function element(tag, className = '', text = '') {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.textContent = text
  return made
}
