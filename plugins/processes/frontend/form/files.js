// Files of a form: sent as soon as they are chosen, with their progress, so that what stands in them can be shown beside the fields.

import { el, icon } from './elements.js'

const LARGEST = 10 * 1024 * 1024

export class Files {
  constructor(field, form, say, tokenOf, changed) {
    Object.assign(this, { field, form, say, tokenOf, changed })
    this.name = field.dataset.field
    this.list = field.querySelector('[data-files]')
    this.input = field.querySelector('input[type=file]')
    this.input.addEventListener('change', () => this.chosen())
    for (const line of this.list.children) this.dress(line, line.dataset.paper)
  }

  get count() {
    return this.list.querySelectorAll('input[type=hidden]').length
  }

  async chosen() {
    const files = [...this.input.files]
    this.input.value = '' // sent apart, and not once more with the form
    await Promise.all(files.map((file) => this.send(file)))
  }

  async send(file) {
    this.list.querySelector(`[data-refused="${CSS.escape(file.name)}"]`)?.remove() // it is chosen once more
    if (file.size > LARGEST) return this.wrong(file, this.say('too_large', { name: file.name }))
    const bar = el('i', { style: 'width:0' })
    const words = el('span.small', {}, file.name)
    const line = el('li', {}, icon('cloud'), el('span.grow', {}, words, el('span.pbar', { 'aria-hidden': 'true' }, bar)))
    this.list.append(line)
    try {
      const token = await this.tokenOf()
      const kept = await this.post(file, token, (share) => {
        bar.style.width = `${Math.round(share * 100)}%`
        words.textContent = this.say('uploading', { name: file.name, n: Math.round(share * 100) })
      })
      line.remove()
      if (kept.problems) return this.wrong(file, `${file.name}: ${kept.problems.join(' ')}`)
      this.add(kept)
      this.changed({ fill: true })
    } catch {
      line.remove()
      this.wrong(file, this.say('upload_failed', { name: file.name }))
    }
  }

  post(file, token, progress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest() // fetch tells nothing of how far it is
      request.open('POST', `${this.form.dataset.papers}/${this.form.dataset.process}/${this.name}`)
      request.setRequestHeader('Accept', 'application/json')
      request.setRequestHeader('X-CSRFToken', token)
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
      request.onerror = reject
      request.onload = () => {
        try {
          const answer = JSON.parse(request.responseText)
          answer.id || answer.problems ? resolve(answer) : reject(new Error(String(request.status)))
        } catch (error) {
          reject(error)
        }
      }
      const body = new FormData()
      body.append('file', file)
      body.append('case', this.form.dataset.case)
      request.send(body)
    })
  }

  add(kept) {
    if (this.list.querySelector(`[data-paper="${kept.id}"]`)) return
    const notes = (kept.notes ?? []).map((note) => el('span.small.soft', {}, note))
    const read = kept.read ? el('span.muted.small', {}, kept.read) : null
    const line = el('li', { 'data-paper': kept.id }, el('input', { type: 'hidden', name: `p-${this.name}`, value: kept.id }), icon('check'), el('span.grow', {}, el('b', {}, kept.name), read, ...notes))
    this.list.append(line)
    this.dress(line, kept.id)
  }

  dress(line, id) {
    const button = el('button.btn.btn-text.btn-icon', { type: 'button', 'aria-label': this.say('take_out') }, icon('x'))
    button.addEventListener('click', async () => {
      line.remove()
      this.changed()
      const token = await this.tokenOf().catch(() => '')
      fetch(`${this.form.dataset.papers}/${id}/discard`, { method: 'POST', headers: { 'X-CSRFToken': token, Accept: 'application/json' } }).catch(() => undefined)
    })
    line.append(button)
  }

  /** What could not be taken stands among the files with the reason, each with its own, until it is chosen once more or put away. */
  wrong(file, text) {
    const away = el('button.btn.btn-text.btn-icon', { type: 'button', 'aria-label': this.say('away', { name: file.name }), onclick: () => line.remove() }, icon('x'))
    const line = el('li.refused', { 'data-refused': file.name }, el('p.beside.grow', { role: 'alert' }, icon('info'), el('span', {}, text)), away)
    this.list.append(line)
  }
}
