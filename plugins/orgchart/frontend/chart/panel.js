// What stands beside the chart: a post, a unit or a person, fetched from its own page.

export class Panel {
  /** `where` is the grid that makes room for `box`; `words` and `said(text)` speak to the reader. */
  constructor(where, box, words, said) {
    Object.assign(this, { where, box, words, said, from: null })
    box.addEventListener('keydown', (event) => event.key === 'Escape' && this.close())
  }

  /** Show the page at `href`; `from` gets the focus back when the panel is closed. */
  async open(href, from) {
    if (!this.box.contains(from)) this.from = from
    const address = new URL(href, location.href)
    address.searchParams.set('part', '1')
    this.said(this.words.loading)
    let text
    try {
      const answer = await fetch(address, { credentials: 'same-origin' })
      if (answer.redirected || !answer.ok) return location.assign(href) // signed out, or gone: the page says it in words
      text = await answer.text()
    } catch {
      return this.said(this.words.lost)
    }
    this.box.innerHTML = text
    this.box.prepend(this.closer())
    this.box.hidden = false
    this.where.classList.add('has-panel')
    this.mark(href)
    this.said('')
    this.box.scrollTop = 0
    this.box.focus({ preventScroll: true })
  }

  closer() {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'btn btn-icon btn-text og-close'
    button.setAttribute('aria-label', this.words.shut)
    button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-x"/></svg>'
    button.addEventListener('click', () => this.close())
    return button
  }

  /** Every link to what is shown is marked, in the tree and in the chart. */
  mark(href) {
    for (const link of document.querySelectorAll('.og [aria-current="true"]')) link.removeAttribute('aria-current')
    const { pathname } = new URL(href, location.href)
    for (const link of document.querySelectorAll('.og-tree a[data-panel]')) if (link.pathname === pathname) link.setAttribute('aria-current', 'true')
  }

  close() {
    this.box.hidden = true
    this.box.replaceChildren()
    this.where.classList.remove('has-panel')
    for (const link of document.querySelectorAll('.og [aria-current="true"]')) link.removeAttribute('aria-current')
    if (this.from?.isConnected) this.from.focus()
  }
}
