// What was changed, and what the server says of it: with a way back, and kept in this browser until it is published.
import { useEffect, useRef, useState } from 'preact/hooks'

const PAUSE = 400 // ms of quiet before the server is asked

/** {document, change, undo, redo, canUndo, canRedo, changed, kept, startOver}. */
export function useDocument(boot) {
  const key = `tideng-process:${boot.process}:${boot.base}`
  const [past, setPast] = useState(() => ({ line: [restored(key) ?? boot.document], at: 0 }))
  const [kept, setKept] = useState(() => restored(key) !== null)
  const document = past.line[past.at]
  const changed = JSON.stringify(document) !== JSON.stringify(boot.document)
  useEffect(() => remember(key, changed ? document : null), [document])
  const go = (by) => setPast(({ line, at }) => ({ line, at: Math.min(Math.max(at + by, 0), line.length - 1) }))
  return {
    document,
    changed,
    kept,
    change: (next) => setPast(({ line, at }) => ({ line: [...line.slice(Math.max(0, at - 99), at + 1), next], at: Math.min(at, 99) + 1 })),
    undo: () => go(-1),
    redo: () => go(1),
    canUndo: past.at > 0,
    canRedo: past.at < past.line.length - 1,
    keepOn: () => setKept(false),
    startOver: () => (setKept(false), setPast({ line: [boot.document], at: 0 })),
    forget: () => remember(key, null),
  }
}

function restored(key) {
  try {
    return JSON.parse(localStorage.getItem(key))
  } catch {
    return null // no storage here, or somebody else's text in it
  }
}

function remember(key, document) {
  try {
    if (document) localStorage.setItem(key, JSON.stringify(document))
    else localStorage.removeItem(key)
  } catch {
    // a private window keeps nothing; the page still holds it
  }
}

const NOTHING = { ok: true, problems: [], diagram: '', differences: [], guesses: [] }

/** What the server says of the document: {ok, problems, diagram, differences, guesses, state: '', 'asking' or 'away'}. Of the one
 * that the page came with it is known. */
export function useChecked(document, api, boot) {
  const known = document === boot.document ? boot.checked : undefined
  const [answer, setAnswer] = useState({ ...NOTHING, ...boot.checked, state: known ? '' : 'asking' })
  const latest = useRef(0)
  useEffect(() => {
    const asked = ++latest.current
    if (known) return setAnswer({ ...known, state: '' })
    setAnswer((before) => ({ ...before, state: 'asking' }))
    const timer = setTimeout(async () => {
      const found = await api.post(`/${boot.process}/check`, { document }).catch((error) => ({ error }))
      if (asked !== latest.current) return // a newer question is on its way
      setAnswer((before) => (found.error ? { ...before, state: 'away' } : { ...found, state: '' }))
    }, PAUSE)
    return () => clearTimeout(timer)
  }, [document])
  return answer
}
