// One draft being written: its history, what the check says, and how it gets to the server. Nothing typed is lost.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { same, set } from '../path.js'

const CHECK_AFTER = 350
const SAVE_AFTER = 800
const RETRY_AFTER = 5000
const ONE_CHANGE = 1500
const UNDO_SHOWN = 10000

/** {document, change(place, value, typing), replace(document), undo, redo, undone, checked, checking, saving, stale, …} */
export function useDraft(boot, api) {
  const kept = useRef(keptHere(boot.draft))
  const [document, setDocument] = useState(kept.current?.document ?? boot.draft.document)
  const [draft, setDraft] = useState(boot.draft)
  const [checked, setChecked] = useState(null)
  const [checking, setChecking] = useState(false)
  const [saving, setSaving] = useState({ state: 'saved', at: boot.draft.changed_at })
  const [stale, setStale] = useState(null)
  const [bar, setBar] = useState(null)
  const past = useRef([])
  const future = useRef([])
  const latest = useRef(document)
  const edition = useRef(kept.current?.edition ?? boot.draft.edition)
  const saved = useRef(boot.draft.document)
  const last = useRef({ place: '', at: 0 })

  const put = useCallback((next) => {
    latest.current = next
    setDocument(next)
  }, [])

  const replace = useCallback((next, { place = '', typing = false } = {}) => {
    if (same(next, latest.current)) return
    const goesOn = typing && last.current.place === place && Date.now() - last.current.at < ONE_CHANGE
    if (!goesOn) past.current = [...past.current.slice(-199), latest.current]
    last.current = { place: typing ? place : '', at: Date.now() }
    future.current = []
    put(next)
    keepHere(boot.draft.id, next, edition.current) // at once: the window may close before anything is drawn
    if (!typing) setBar({ place, at: Date.now() })
  }, [])

  const change = useCallback((place, value, typing = false) => {
    replace(set(latest.current, place, value), { place, typing })
  }, [])

  const step = (from, to) => {
    const next = from.current.at(-1)
    if (next === undefined) return
    from.current = from.current.slice(0, -1)
    to.current = [...to.current, latest.current]
    last.current = { place: '', at: 0 }
    setBar(null)
    put(next)
    keepHere(boot.draft.id, next, edition.current)
  }
  const undo = useCallback(() => step(past, future), [])
  const redo = useCallback(() => step(future, past), [])

  useEffect(() => {
    if (!bar) return undefined
    const timer = setTimeout(() => setBar(null), UNDO_SHOWN)
    return () => clearTimeout(timer)
  }, [bar])

  // what it says now, and what is wrong with it
  useEffect(() => {
    const control = new AbortController()
    const timer = setTimeout(async () => {
      setChecking(true)
      try {
        const found = await api.post('/rules/check', { document }, { signal: control.signal })
        setChecked(found)
      } catch (error) {
        if (error.name === 'AbortError') return
        // offline: the save says so
      }
      setChecking(false)
    }, document === boot.draft.document ? 0 : CHECK_AFTER)
    return () => {
      clearTimeout(timer)
      control.abort()
    }
  }, [document])

  // to the server; one save at a time
  const busy = useRef(false)
  const [tick, setTick] = useState(0)
  const save = useCallback(async () => {
    if (busy.current || !boot.writes) return
    const sent = latest.current
    if (same(sent, saved.current)) return setSaving((was) => (was.state === 'saved' ? was : { state: 'saved', at: was.at }))
    busy.current = true
    setSaving((was) => ({ ...was, state: 'saving' }))
    try {
      const answer = await api.put(`/drafts/${boot.draft.id}`, { document: sent, edition: edition.current })
      edition.current = answer.edition
      saved.current = sent
      setDraft(answer)
      setStale(null)
      setSaving({ state: 'saved', at: answer.changed_at })
      if (latest.current === sent) forgetHere(boot.draft.id)
    } catch (error) {
      if (error.status === 409 && (await sameThere(sent))) return
      if (error.status === 409) setStale(error)
      setSaving((was) => ({ ...was, state: error.status === 409 ? 'stale' : error.status === 0 ? 'offline' : 'failed', error }))
    } finally {
      busy.current = false
    }
    if (latest.current !== sent && !same(latest.current, sent)) setTick((n) => n + 1)
  }, [])
  /** A later edition that says what we said or had: a save whose answer was lost, or somebody who only looked. Goes on from it. */
  const sameThere = async (sent) => {
    const theirs = await api.get(`/drafts/${boot.draft.id}`).catch(() => null)
    if (!theirs || !(same(theirs.document, sent) || same(theirs.document, saved.current))) return false
    edition.current = theirs.edition
    saved.current = theirs.document
    if (same(theirs.document, latest.current)) forgetHere(boot.draft.id)
    setDraft(theirs)
    setSaving({ state: 'saved', at: theirs.changed_at })
    setTick((n) => n + 1)
    return true
  }

  useEffect(() => {
    if (same(document, saved.current) && !kept.current) {
      if (!busy.current) forgetHere(boot.draft.id) // changed and taken back: nothing is left to save
      return undefined
    }
    kept.current = null
    keepHere(boot.draft.id, document, edition.current)
    if (stale) return undefined
    const timer = setTimeout(save, SAVE_AFTER)
    return () => clearTimeout(timer)
  }, [document, tick, stale])

  useEffect(() => {
    if (saving.state !== 'offline' && saving.state !== 'failed') return undefined
    const timer = setTimeout(save, RETRY_AFTER)
    window.addEventListener('online', save)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('online', save)
    }
  }, [saving])

  useEffect(() => {
    const leaving = () => window.document.hidden && save()
    window.document.addEventListener('visibilitychange', leaving)
    return () => window.document.removeEventListener('visibilitychange', leaving)
  }, [])

  /** After a 409: the other's version; ours is one undo away. */
  const takeTheirs = useCallback(async () => {
    const theirs = await api.get(`/drafts/${boot.draft.id}`)
    edition.current = theirs.edition
    saved.current = theirs.document
    replace(theirs.document, { place: '~theirs' })
    setDraft(theirs)
    setStale(null)
    setSaving({ state: 'saved', at: theirs.changed_at })
    forgetHere(boot.draft.id)
  }, [])

  /** After a 409: ours becomes a draft of its own; gives its address. */
  const keepBoth = useCallback(async () => {
    const made = await api.post('/drafts', { document: latest.current, note: draft.note ?? '' })
    forgetHere(boot.draft.id)
    return `/drafts/${made.id}`
  }, [draft])

  const canUndo = past.current.length > 0
  return { document, draft: { ...draft, edition: edition.current }, change, replace, undo, redo, canUndo, bar, closeBar: () => setBar(null), checked, checking, saving, save, stale, takeTheirs, keepBoth }
}

const name = (id) => `tideng-draft-${id}`

function keepHere(id, document, edition) {
  try {
    sessionStorage.setItem(name(id), JSON.stringify({ document, edition }))
  } catch {
    // no room, or not allowed: the server has all but the last second
  }
}

function forgetHere(id) {
  try {
    sessionStorage.removeItem(name(id))
  } catch {
    // nothing was kept
  }
}

/** What this window had not saved yet; with the edition it was written over, so that a later one is noticed. */
function keptHere(draft) {
  try {
    const found = JSON.parse(sessionStorage.getItem(name(draft.id)))
    return found && !same(found.document, draft.document) ? found : null
  } catch {
    return null
  }
}
