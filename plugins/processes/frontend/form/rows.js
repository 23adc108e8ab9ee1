// Rows of a table: one more, one less. A row is a copy of the last one, emptied; names count on, gaps in them do no harm.

import { el, icon } from './elements.js'

export class Rows {
  constructor(box, button, say, changed) {
    Object.assign(this, { box, button, say, changed })
    this.last = Math.max(...this.rows.map((row) => Number(row.dataset.row)))
    button.hidden = false
    button.addEventListener('click', () => {
      this.add().querySelector('input, select, textarea')?.focus()
      changed()
    })
    for (const row of this.rows) this.dress(row)
    // the spare rows are for those without a script
    while (this.rows.length > 1 && this.empty(this.rows.at(-1)) && this.empty(this.rows.at(-2))) this.rows.at(-1).remove()
    this.number()
  }

  get rows() {
    return [...this.box.querySelectorAll('[data-row]')]
  }

  get filled() {
    return this.rows.filter((row) => !this.empty(row)).length
  }

  empty(row) {
    return [...row.querySelectorAll('input, select, textarea')].every((one) => (one.type === 'radio' ? !one.checked : !one.value.trim()))
  }

  add() {
    const row = this.rows.at(-1).cloneNode(true)
    this.last += 1
    const before = row.dataset.row
    row.dataset.row = this.last
    for (const one of row.querySelectorAll('[name], [id], [for]')) {
      for (const name of ['name', 'id', 'for']) {
        const value = one.getAttribute(name)
        if (value) one.setAttribute(name, value.replace(`-${before}-`, `-${this.last}-`))
      }
      if ('value' in one && one.type !== 'radio') one.value = ''
      if (one.type === 'radio') one.checked = false
    }
    for (const one of row.querySelectorAll('.bad')) one.classList.remove('bad')
    row.querySelector('[data-remove]')?.remove()
    this.box.append(row)
    this.dress(row)
    this.number()
    return row
  }

  dress(row) {
    const button = el('button.btn.btn-text.btn-icon', { type: 'button', 'data-remove': true, 'aria-label': this.say('remove_row') }, icon('x'))
    button.addEventListener('click', () => {
      if (this.rows.length === 1) this.add()
      row.remove()
      this.number()
      this.changed()
      this.button.focus()
    })
    row.querySelector('legend').append(button)
  }

  number() {
    this.rows.forEach((row, at) => (row.querySelector('[data-rowname]').textContent = this.say('row', { n: at + 1 })))
  }

  /** Make sure that there is a row called `number`, as a draft has it. */
  reach(number) {
    while (!this.rows.some((row) => Number(row.dataset.row) === number) && this.last < number) this.add()
  }
}
