// What one may write about, as buttons below a text: a press writes the words and a colon where one stands, on a line of its
// own. Those of which the text speaks already are gone.

/** Those of `ideas` of which `text` does not speak yet. */
export const left = (ideas, text) => ideas.filter((one) => !text.toLowerCase().includes(one.toLowerCase()))

/** What a press puts into `text` at `at`: `typed`, and how much of that stands behind the caret afterwards. */
export function typedAt(idea, text, at, { lang, lines = true }) {
  const [colon, semicolon] = lang === 'zh' ? ['：', '；'] : [': ', '; ']
  const between = lines ? '\n' : semicolon
  const before = text.slice(0, at)
  const opens = before.trim() && !before.endsWith(between) ? between : ''
  const rest = text.slice(at)
  const closes = rest.trim() && !rest.startsWith(between) ? between : ''
  return { typed: opens + idea + colon + closes, behind: closes.length }
}

export class Ideas {
  /** `field` has the box with the buttons, and a sentence that says the same without a script. */
  constructor(field, lang) {
    Object.assign(this, { box: field.querySelector('[data-ideas]'), input: field.querySelector('textarea, input'), lang, been: false })
    this.buttons = [...this.box.querySelectorAll('[data-idea]')]
    field.querySelector('[data-ideas-said]').hidden = true
    this.input.addEventListener('focus', () => (this.been = true))
    this.box.addEventListener('click', (event) => this.pressed(event.target.closest('[data-idea]')))
  }

  get left() {
    return left(this.buttons.map((one) => one.dataset.idea), this.input.value)
  }

  /** `short`: the text may become longer. */
  show(short) {
    const still = this.left
    for (const one of this.buttons) one.hidden = !still.includes(one.dataset.idea)
    this.box.hidden = !short || !still.length
  }

  pressed(button) {
    if (!button) return
    const { input } = this
    const at = this.been ? input.selectionEnd : input.value.length // a browser puts the caret of a field that nobody was in at its begin
    const { typed, behind } = typedAt(button.dataset.idea, input.value, at, { lang: this.lang, lines: input.matches('textarea') })
    input.focus()
    input.setSelectionRange(at, at)
    if (!document.execCommand('insertText', false, typed)) { // the one way that can be undone
      input.setRangeText(typed, at, at, 'end')
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }
    input.setSelectionRange(at + typed.length - behind, at + typed.length - behind)
  }
}
