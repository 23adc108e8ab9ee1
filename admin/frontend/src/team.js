// The recorder on a team page. What was recorded becomes the file of the form's own field, and the form is sent as ever:
// without this script a phone's own recorder gives that file.

const KINDS = [
  // what tideng/responses/audio.py reads, best first: Chromium and Firefox record the first, Safari the next
  ['audio/webm;codecs=opus', 'webm'],
  ['audio/mp4;codecs=mp4a.40.2', 'm4a'],
  ['audio/mp4', 'm4a'],
  ['audio/ogg;codecs=opus', 'ogg'],
]
const BITS_A_SECOND = 32_000 // a minute of speech is a quarter of a megabyte
const BARS = 40
const REFUSALS = { NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'absent', NotReadableError: 'taken' }

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** Why this browser cannot record, as the key of the words that say so; '' where it can. */
function obstacle() {
  if (!window.isSecureContext) return 'insecure'
  if (!window.MediaRecorder || !navigator.mediaDevices?.getUserMedia || !window.DataTransfer) return 'unable'
  return KINDS.some(([kind]) => MediaRecorder.isTypeSupported(kind)) ? '' : 'unable'
}

class Recorder {
  /** `box` brings the buttons and, as data, the words and how many seconds one may speak. */
  constructor(box) {
    const one = (name) => box.querySelector(`[data-part=${name}]`)
    this.box = box
    this.form = box.closest('form')
    this.field = this.form.elements.voice
    this.words = JSON.parse(box.dataset.words)
    this.limit = Number(box.dataset.seconds)
    this.main = one('main')
    this.name = one('name')
    this.time = one('clock')
    this.wave = one('wave')
    this.after = one('after')
    this.said = one('said')
    this.audio = one('audio')
    this.bars = Array.from({ length: BARS }, () => this.wave.appendChild(document.createElement('i')))
    this.moves = !matchMedia('(prefers-reduced-motion: reduce)').matches
    this.turn('idle')
    box.hidden = false
    const why = obstacle()
    if (why) return this.cannot(why)
    this.main.addEventListener('click', () => this.press())
    one('discard').addEventListener('click', () => this.discard())
    one('again').addEventListener('click', () => {
      this.forget()
      this.main.focus()
      this.begin()
    })
    this.audio.addEventListener('ended', () => this.turn('recorded'))
    this.audio.addEventListener('pause', () => this.state === 'playing' && this.turn('recorded'))
    this.audio.addEventListener('timeupdate', () => this.blob && this.show(this.audio.ended ? this.length : this.audio.currentTime))
    this.field.addEventListener('change', () => this.forget(false)) // a file that was chosen takes its place
    this.form.addEventListener('submit', (event) => {
      if (this.state !== 'recording') return
      event.preventDefault() // sent when what was spoken until now is whole
      this.sends = true
      this.stop()
    })
    addEventListener('pagehide', () => this.release())
  }

  press() {
    if (this.state === 'idle') this.begin()
    else if (this.state === 'recording') this.stop()
    else if (this.state === 'recorded') this.listen()
    else if (this.state === 'playing') this.audio.pause()
  }

  async begin() {
    this.turn('asking')
    this.say('asking')
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: true })
    } catch (error) {
      this.turn('idle')
      return this.say(REFUSALS[error.name] ?? 'unable', true)
    }
    const [kind, ending] = KINDS.find(([one]) => MediaRecorder.isTypeSupported(one))
    const pieces = []
    try {
      this.recorder = new MediaRecorder(this.stream, { mimeType: kind, audioBitsPerSecond: BITS_A_SECOND })
      this.recorder.addEventListener('dataavailable', (event) => event.data.size && pieces.push(event.data))
      this.recorder.addEventListener('stop', () => this.keep(pieces, kind, ending))
      this.recorder.start()
    } catch {
      this.release()
      this.turn('idle')
      return this.say('unable', true)
    }
    this.began = performance.now()
    this.turn('recording')
    this.say('recording')
    this.hear()
    this.ticking = setInterval(() => this.tick(), 100)
  }

  /** The level of what the microphone hears, for the bars. Recording goes on where it cannot be known. */
  hear() {
    if (!this.moves || !window.AudioContext) return
    this.sound = new AudioContext()
    this.analyser = this.sound.createAnalyser()
    this.analyser.fftSize = 1024
    this.sound.createMediaStreamSource(this.stream).connect(this.analyser)
    this.samples = new Float32Array(this.analyser.fftSize)
  }

  tick() {
    const seconds = (performance.now() - this.began) / 1000
    this.show(Math.min(seconds, this.limit))
    this.draw(Math.min(BARS - 1, Math.floor((seconds / this.limit) * BARS)))
    if (seconds >= this.limit) this.stop('full')
  }

  draw(now) {
    this.bars.forEach((bar, at) => bar.classList.toggle('on', at <= now))
    if (!this.analyser) return
    this.analyser.getFloatTimeDomainData(this.samples)
    const loudest = this.samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0)
    const level = Math.round(12 + 88 * Math.sqrt(Math.min(1, loudest)))
    const bar = this.bars[now]
    bar.style.height = `${Math.max(level, parseInt(bar.style.height || '0', 10))}%`
  }

  stop(why = 'stopped') {
    if (this.recorder?.state !== 'recording') return
    this.why = why
    this.recorder.stop()
  }

  keep(pieces, kind, ending) {
    // ending by itself, a microphone that was pulled out stops it too
    this.length = Math.min((performance.now() - this.began) / 1000, this.limit)
    this.release()
    this.blob = new Blob(pieces, { type: kind.split(';')[0] })
    if (!this.blob.size) {
      this.forget()
      this.sends = false
      return this.say('nothing', true)
    }
    const files = new DataTransfer()
    files.items.add(new File([this.blob], `note.${ending}`, { type: this.blob.type }))
    this.field.files = files.files
    this.audio.src = URL.createObjectURL(this.blob)
    this.show(this.length)
    this.turn('recorded')
    this.say(this.why ?? 'stopped')
    this.why = null
    if (this.sends) this.form.requestSubmit()
  }

  async listen() {
    this.turn('playing')
    try {
      await this.audio.play()
    } catch {
      this.turn('recorded')
      this.say('silent', true)
    }
  }

  discard() {
    this.forget()
    this.say('discarded')
    this.main.focus() // the pressed button is gone
  }

  /** Back to the beginning; the file field is emptied unless somebody has just filled it. */
  forget(field = true) {
    this.blob = null
    this.audio.pause()
    if (this.audio.src) URL.revokeObjectURL(this.audio.src)
    this.audio.removeAttribute('src')
    if (field) this.field.value = ''
    for (const bar of this.bars) {
      bar.classList.remove('on')
      bar.style.height = ''
    }
    this.show(0)
    this.said.textContent = ''
    if (this.state !== 'asking') this.turn('idle')
  }

  /** The microphone's light goes out. */
  release() {
    clearInterval(this.ticking)
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    this.sound?.close()
    this.stream = this.sound = this.analyser = null
  }

  show(seconds) {
    this.time.textContent = clock(seconds)
  }

  turn(state) {
    this.state = this.box.dataset.state = state
    this.name.textContent = this.words.names[state]
    this.after.hidden = !['recorded', 'playing'].includes(state)
    this.field.disabled = ['asking', 'recording'].includes(state) // one of the two at a time
  }

  say(key, wrong = false) {
    this.said.textContent = this.words[key]
    this.said.classList.toggle('wrongly', wrong)
  }

  cannot(why) {
    this.box.dataset.state = 'cannot'
    this.say(why)
  }
}

for (const box of document.querySelectorAll('.recorder[data-words]')) new Recorder(box)
