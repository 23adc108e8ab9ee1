// The editor: the process on the left, and beside it how it looks, what it does otherwise, and what is still open.
import { useEffect, useRef, useState } from 'preact/hooks'
import { apiOf } from '../../../../admin/frontend/src/api.js'
import { draw, onTheme } from '../diagram/draw.js'
import { freeName, placeParts, setAt, shifted, withoutField, withoutNode } from './document.js'
import { Ends, Field, newField } from './Fields.jsx'
import { Add, Check, Editing, Icon, Input, Labelled, Order, Pair, Said, Select, useEditing } from './parts.jsx'
import { useChecked, useDocument } from './state.js'
import { Step, stepLine } from './Step.jsx'
import { named, wordsOf } from './words.js'

export function App({ boot, token }) {
  const [t] = useState(() => wordsOf(boot.locale))
  const [api] = useState(() => apiOf({ token, locale: boot.locale, root: '/processes' }))
  const doc = useDocument(boot)
  const checked = useChecked(doc.document, api, boot)
  const [news, setNews] = useState('')
  const editing = { t, locale: boot.locale, known: boot.known, document: doc.document, problems: checked.problems, guesses: checked.guesses }
  useEffect(() => reach(location.hash.slice(1)), [])
  return (
    <Editing.Provider value={editing}>
      {doc.kept && (
        <p class="say say-success row wrap">
          <span>{t('kept')}</span>
          <button type="button" class="btn btn-sm" onClick={doc.keepOn}>{t('keep_on')}</button>
          <button type="button" class="btn btn-sm" onClick={doc.startOver}>{t('start_over', { n: boot.base })}</button>
        </p>
      )}
      <div class="ed">
        <div class="ed-main">
          <Whole boot={boot} onChange={doc.change} />
          <Steps onChange={(document, said = '') => (doc.change(document), setNews(said))} />
          <Fields onChange={(document, said = '') => (doc.change(document), setNews(said))} />
          <section class="card" data-at="ends">
            <h2>{t('ends')}</h2>
            <div class="ed-cases">
              <Ends document={doc.document} onChange={(ends) => doc.change({ ...doc.document, ends })} />
            </div>
            <Said at="ends" elsewhere={Object.keys(doc.document.ends ?? {}).map((id) => `ends.${id}`)} />
          </section>
        </div>
        <Aside boot={boot} doc={doc} checked={checked} api={api} news={news} />
      </div>
    </Editing.Provider>
  )
}

// -- the process as a whole ------------------------------------------------------------------------------------------
const STARTERS = ['anyone', 'supervisor', 'hr']

function Whole({ boot, onChange }) {
  const { t, document, known } = useEditing()
  const set = (name) => (value) => onChange(setAt(document, [name], value))
  const by = document.start?.by ?? ['anyone']
  const start = (changed) => onChange({ ...document, start: { ...document.start, ...changed } })
  return (
    <section class="card">
      <h2>{t('process')}</h2>
      <div class="ed-body">
        {!boot.base && (
          <div data-at="id">
            <Input label={t('id')} value={document.id} onChange={set('id')} maxLength="40" autocomplete="off" spellcheck={false} />
            <p class="help">{t('id_help')}</p>
            <Said at="id" />
          </div>
        )}
        <Pair kind="title" value={document.title} onChange={set('title')} at="title" />
        <Pair kind="about" value={document.about} onChange={set('about')} at="about" optional />
        <Labelled label={t('begin_by')} at="start">
          <div class="row wrap">
            {STARTERS.map((one) => (
              <Check key={one} label={t(one)} value={by.includes(one)} onChange={(on) => start({ by: on ? [...by, one] : by.filter((said) => said !== one) })} />
            ))}
            {by.filter((one) => !STARTERS.includes(one)).map((one) => (
              <span class="tag" key={one}>{startName(one, known)}<Order name={startName(one, known)} onRemove={() => start({ by: by.filter((said) => said !== one) })} /></span>
            ))}
            <Select label={t('add_starter')} hidden value="" onChange={(one) => one && !by.includes(one) && start({ by: [...by, one] })}
              options={[['', t('add_starter')], { label: t('positions'), options: known.positions.map((one) => [`position:${one.id}`, one.title]) }, { label: t('roles'), options: known.roles.map((one) => [`role:${one.id}`, one.title]) }]} />
            <Check label={t('for_other')} value={document.start?.for === 'other'} onChange={(on) => onChange(setAt(document, ['start', 'for'], on ? 'other' : undefined))} />
          </div>
        </Labelled>
        <Labelled label={t('icon')} at="icon">
          <div class="ed-icons" role="radiogroup" aria-label={t('icon')}>
            {known.icons.map((one) => (
              <button type="button" role="radio" key={one} class="ed-iconpick" aria-checked={(document.icon ?? 'flow') === one} aria-label={one} onClick={() => set('icon')(one)}><Icon of={one} /></button>
            ))}
          </div>
        </Labelled>
      </div>
    </section>
  )
}

/** Who may begin it, beside the usual ones: position:ID or role:NAME. */
function startName(said, known) {
  const [kind, name] = said.split(':')
  const listed = { position: known.positions, role: known.roles }[kind]
  return listed?.find((one) => one.id === name)?.title ?? (name ?? kind).replaceAll('_', ' ')
}

// -- its steps and fields --------------------------------------------------------------------------------------------
function Steps({ onChange }) {
  const editing = useEditing()
  const { t, locale, document } = editing
  const ids = Object.keys(document.nodes)
  const set = (nodes) => onChange({ ...document, nodes })
  const add = () => {
    const id = freeName({ ...document.nodes, ...document.ends }, 'step')
    const next = { title: { zh: '新的一步', en: 'A new step' }, owner: 'supervisor', outcomes: { go: { title: { zh: '好了', en: 'Done' }, to: Object.keys(document.ends)[0] ?? '' } } }
    set({ ...document.nodes, [id]: next })
    setTimeout(() => reach(`nodes.${id}`))
  }
  const newFieldFor = (id) => () => {
    const name = freeName(document.fields ?? {}, 'field')
    onChange({ ...document, fields: { ...document.fields, [name]: newField() }, nodes: setAt(document.nodes, [id, 'form'], [...(document.nodes[id].form ?? []), name]) })
    setTimeout(() => reach(`fields.${name}`))
  }
  return (
    <section class="card" data-at="nodes">
      <h2>{t('steps')}</h2>
      <p class="help">{t('steps_help')}</p>
      {ids.map((id, number) => (
        <Folded key={id} at={`nodes.${id}`} title={named(document.nodes[id].title, locale, id)} line={stepLine(document.nodes[id], editing)} tag={number === 0 && t('first_step')}
          order={<Order name={named(document.nodes[id].title, locale, id)} first={number === 0} last={number === ids.length - 1} onMove={(by) => set(shifted(document.nodes, id, by))}
            onRemove={ids.length > 1 ? () => onChange(withoutNode(document, id), t('removed_step', { name: named(document.nodes[id].title, locale, id) })) : undefined} />}>
          <Step id={id} node={document.nodes[id]} onChange={(node) => set({ ...document.nodes, [id]: node })} onNewField={newFieldFor(id)} />
        </Folded>
      ))}
      <Add words={t('add_step')} onClick={add} />
    </section>
  )
}

function Fields({ onChange }) {
  const { t, locale, document } = useEditing()
  const fields = document.fields ?? {}
  const ids = Object.keys(fields)
  const set = (found) => onChange({ ...document, fields: found })
  const add = () => {
    const name = freeName(fields, 'field')
    set({ ...fields, [name]: newField() })
    setTimeout(() => reach(`fields.${name}`))
  }
  return (
    <section class="card" data-at="fields">
      <h2>{t('fields')}</h2>
      <p class="help">{t('fields_help')}</p>
      {ids.map((id, number) => (
        <Folded key={id} at={`fields.${id}`} title={named(fields[id].title, locale, id)} line={t(`type_${fields[id].type}`)}
          order={<Order name={named(fields[id].title, locale, id)} first={number === 0} last={number === ids.length - 1} onMove={(by) => set(shifted(fields, id, by))}
            onRemove={() => onChange(withoutField(document, id), t('removed_field', { name: named(fields[id].title, locale, id) }))} />}>
          <Field id={id} it={fields[id]} onChange={(field) => set({ ...fields, [id]: field })} />
        </Folded>
      ))}
      <Add words={t('add')} onClick={add} />
    </section>
  )
}

/** A card that opens; what is wrong inside shows on its closed lid. */
function Folded({ at, title, line, tag, order, children }) {
  const { t, problems } = useEditing()
  const [open, setOpen] = useState(false)
  const n = problems.filter((one) => one.severity === 'error' && (one.at === at || one.at.startsWith(`${at}.`) || one.at.startsWith(`${at}[`))).length
  return (
    <div class="ed-folded">
      <details class="ed-fold" data-at={at} id={at.replace('nodes.', 'step-')} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <b>{title}</b>
          {tag && <span class="tag">{tag}</span>}
          {n > 0 && <span class="chip s-need">{t('problems', { n })}</span>}
          <span class="muted small ed-line">{line}</span>
        </summary>
        {open && children}
      </details>
      <div class="ed-fold-order">{order}</div>
    </div>
  )
}

// -- beside it -------------------------------------------------------------------------------------------------------
function Aside({ boot, doc, checked, api, news }) {
  const { t } = useEditing()
  const [note, setNote] = useState('')
  const [said, setSaid] = useState('')
  const [busy, setBusy] = useState(false)
  const errors = checked.problems.filter((one) => one.severity === 'error')
  const word = busy ? t('publishing') : errors.length ? t('to_go', { n: errors.length }) : doc.changed || !boot.base ? t('publish', { n: boot.base + 1 }) : t('nothing_yet')
  async function press(how) {
    if (errors.length) return reach(errors[0].at)
    if (busy || (!doc.changed && boot.base)) return setSaid(t('no_changes'))
    setBusy(true)
    try {
      const { href } = await api.post(`/${boot.process}/${how}`, { document: doc.document, note, base: boot.base })
      doc.forget()
      location.assign(href)
    } catch (error) {
      setBusy(false)
      setSaid(error.status === 0 ? t('unreachable') : error.status === 401 ? t('signed_out') : [error.message, ...error.problems.map((one) => one.problem)].join(' '))
    }
  }
  return (
    <aside class="ed-aside">
      <section class="card">
        <div class="cap">
          <h2>{t('picture_of')}</h2>
          <span class="row">
            <button type="button" class="btn btn-sm" onClick={doc.undo} disabled={!doc.canUndo}><Icon of="undo" />{t('undo')}</button>
            <button type="button" class="btn btn-sm btn-icon" onClick={doc.redo} disabled={!doc.canRedo} aria-label={t('redo')} title={t('redo')}><Icon of="right" /></button>
          </span>
        </div>
        <Picture text={checked.diagram} asking={checked.state === 'asking'} />
      </section>
      <section class="card">
        <p class="small soft" role="status">{checked.state === 'asking' ? t('checking') : checked.state === 'away' ? t('unreachable') : errors.length ? t('problems', { n: errors.length }) : t('fits')} {news}</p>
        <ul class="problems ed-problems">
          {checked.problems.slice(0, 12).map((one) => (
            <li key={one.at + one.problem}><button type="button" class="btn-link" onClick={() => reach(one.at)}>{placeWords(one.at, doc.document, boot.locale, t)}{one.problem}{one.hint && <span class="muted"> {one.hint}</span>}</button></li>
          ))}
        </ul>
        <h3>{boot.base ? t('changes', { n: boot.base }) : t('changes_new')}</h3>
        {checked.differences.length ? <ul class="diff small">{checked.differences.map((one) => <li key={one}>{one}</li>)}</ul> : boot.base > 0 && <p class="soft small">{t('no_changes')}</p>}
        <Input label={t('note')} value={note} onChange={setNote} maxLength="500" />
        <button type="button" class="btn btn-lamp btn-block ed-publish" onClick={() => press('publish')} aria-busy={busy}>{word}</button>
        {boot.base > 0 && !boot.trial && <button type="button" class="btn btn-block ed-try" onClick={() => press('try')} aria-busy={busy}>{t('try')}</button>}
        {said && <p class="beside" role="alert">{said}</p>}
        <p class="help">{boot.trial ? t('trial_runs', boot.trial) : boot.base > 0 && t('try_help', { n: boot.base })}</p>
        <p class="help">{boot.running ? t('touches', { n: boot.running }) : t('touches_none')}</p>
      </section>
    </aside>
  )
}

/** 主管答复 · 期限： what a problem is about. A word that the editor has not is left out. */
function placeWords(at, document, locale, t) {
  const words = { title: 'title_' + locale, help: 'help_' + locale, about: 'about_' + locale, owners: 'owner', start: 'begin_by', nodes: 'steps' }
  const told = { id: 1, owner: 1, deadline: 1, at_due: 1, remind: 1, form: 1, outcomes: 1, to: 1, emit: 0, fields: 1, ends: 1, choices: 1, columns: 1, accept: 1, type: 1 }
  const parts = placeParts(at, document).map((one) => (Array.isArray(one) ? named(one[1], locale, one[0]) : words[one] ? t(words[one]) : told[one] ? t(one) : ''))
  const said = parts.filter(Boolean).join(' · ')
  return said && `${said}${locale === 'zh' ? '：' : ': '}`
}

function Picture({ text, asking }) {
  const { t } = useEditing()
  const box = useRef(null)
  const shown = useRef(text)
  shown.current = text
  useEffect(() => {
    if (text) draw(box.current, text).catch(() => (box.current.textContent = ''))
  }, [text])
  useEffect(() => onTheme(() => shown.current && draw(box.current, shown.current)), [])
  return (
    <>
      {!text && !asking && <p class="soft small">{t('no_picture')}</p>}
      <div class="diagram" data-least="300" tabIndex={0} ref={box} role="img" aria-label={t('picture_alt')} />
    </>
  )
}

/** Open what holds a place, and go there: to the nearest thing that the page shows of it. */
function reach(place) {
  const wanted = place.startsWith('step-') ? place.replace('step-', 'nodes.') : place
  const fold = /^(nodes|fields)\.\w+/.exec(wanted)?.[0]
  const card = fold && document.querySelector(`details[data-at="${fold}"]`)
  if (card) card.open = true
  requestAnimationFrame(() => setTimeout(() => focusAt(wanted)))
}

function focusAt(place) {
  for (let at = place; at; at = at.replace(/(\.[^.[]*|\[\d+\]|^[^.[]*)$/, '')) {
    const found = document.querySelector(`[data-at="${at}"]`)
    if (!found) continue
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    found.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: found.tagName === 'DETAILS' ? 'start' : 'center' })
    return (found.tagName === 'DETAILS' ? found.querySelector('summary') : found.querySelector('input, select, button'))?.focus({ preventScroll: true })
  }
}
