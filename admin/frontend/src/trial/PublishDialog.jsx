// Asked before a message can leave the house: what changes, in words; a note; now, or at a time. The same for approval.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../studio/parts.jsx'
import { linesOf } from './said.jsx'
import { addDays, momentOf, wallOf } from './times.js'

const PATHS = { ask: '/ask-approval', approve: '/approve', send_back: '/send-back' }

/** `kind`: publish, ask, approve or send_back. */
export function PublishDialog({ kind, draft, isSaved, saving, api, t, zone, now, onClose, onPublished, onDecided }) {
  const box = useRef(null)
  const [differences, setDifferences] = useState(null)
  const [note, setNote] = useState(kind === 'send_back' ? '' : (draft.note ?? ''))
  const [when, setWhen] = useState('now')
  const [wall, setWall] = useState(() => ({ date: addDays(wallOf(now, zone).date, 1), time: '08:00' }))
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState(null)
  const [newer, setNewer] = useState(null)

  useEffect(() => {
    box.current?.showModal()
  }, [])
  useEffect(() => {
    if (!isSaved || !draft.based_on || kind === 'send_back') return undefined
    const control = new AbortController()
    api
      .get(`/drafts/${draft.id}/differences`, { signal: control.signal })
      .then((answer) => setDifferences(answer.differences))
      .catch((failed) => failed.name !== 'AbortError' && setError(failed))
    return () => control.abort()
  }, [isSaved])

  const send = async (event) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      if (kind === 'publish') {
        const at = when === 'later' ? { at: momentOf(wall, zone) } : {}
        const answer = await api.post(`/drafts/${draft.id}/publish`, { note, ...at })
        if (when === 'later') onDecided(answer)
        else onPublished(answer)
      } else onDecided(await api.post(`/drafts/${draft.id}${PATHS[kind]}`, kind === 'approve' ? {} : { note }))
    } catch (failed) {
      setError(failed)
      setBusy(false)
      setNewer(await versionSince(api, draft))
    }
  }
  const takeUp = async () => {
    setBusy(true)
    try {
      await api.post(`/drafts/${draft.id}/rebase`, { edition: draft.edition })
      window.location.reload()
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  const nothing = Boolean(draft.based_on) && differences?.length === 0
  const later = kind === 'publish' && when === 'later'
  const main = later ? 'publish_then' : { publish: 'publish', ask: 'publish_ask', approve: 'publish_approve', send_back: 'publish_send_back' }[kind]
  return (
    <dialog class="publish-dialog" ref={box} aria-labelledby="publish-heading" onClose={onClose}>
      <form onSubmit={send}>
        <h2 id="publish-heading">{t(`publish_heading_${kind}`)}</h2>
        {kind !== 'send_back' && <Differences differences={differences} isNew={!draft.based_on} waits={!isSaved && saving.state !== 'stale'} failed={Boolean(error)} t={t} />}
        {kind === 'approve' && draft.note && <p class="quote">{draft.note}</p>}
        {kind !== 'approve' && !nothing && (
          <div class="field">
            <label for="publish-note">{t(kind === 'send_back' ? 'publish_note_back' : 'publish_note')}</label>
            <textarea id="publish-note" class="inp" rows={2} maxLength={2000} autofocus required={kind === 'send_back'} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          </div>
        )}
        {kind === 'publish' && !nothing && (
          <fieldset class="when">
            <legend class="lbl">{t('publish_when')}</legend>
            <label><input type="radio" name="when" checked={when === 'now'} onChange={() => setWhen('now')} />{t('publish_now')}</label>
            <label><input type="radio" name="when" checked={when === 'later'} onChange={() => setWhen('later')} />{t('publish_later')}</label>
            {later && (
              <span class="when-at">
                <input class="inp" type="date" required aria-label={t('trial_day')} min={wallOf(now, zone).date} value={wall.date} onInput={(event) => setWall({ ...wall, date: event.currentTarget.value })} />
                <input class="inp" type="time" required aria-label={t('trial_time')} value={wall.time} onInput={(event) => setWall({ ...wall, time: event.currentTarget.value })} />
              </span>
            )}
          </fieldset>
        )}
        <Wrong error={error} newer={newer} saving={saving} t={t} onTakeUp={takeUp} busy={busy} />
        <div class="dialog-acts">
          <button type="button" class="btn" onClick={() => box.current.close()}>{t('publish_not_now')}</button>
          {!nothing && <button class="btn btn-lamp" disabled={busy || !isSaved}>{t(main)}</button>}
        </div>
      </form>
    </dialog>
  )
}

function Differences({ differences, isNew, waits, failed, t }) {
  if (waits) return <p class="soft" role="status">{t('saving')}</p>
  if (isNew) return <p class="soft">{t('publish_is_new')}</p>
  if (!differences) return failed ? null : <p class="soft" role="status">{t('loading')}</p>
  if (!differences.length) return <p class="soft">{t('publish_same')}</p>
  return (
    <div class="differences">
      <p class="lbl">{t('publish_differences', { n: differences.length })}</p>
      <ul>
        {differences.map((one) => <li key={one.place}>{one.sentence}</li>)}
      </ul>
    </div>
  )
}

/** What stood in the way; where another version came meanwhile, the way out is a button. */
function Wrong({ error, newer, saving, t, onTakeUp, busy }) {
  if (saving.state === 'stale') {
    return (
      <div class="beside error" role="alert">
        <Icon name="info" />
        <span class="grow">{t('publish_stale')}</span>
        <button type="button" class="btn btn-sm" onClick={() => window.location.reload()}>{t('publish_see_latest')}</button>
      </div>
    )
  }
  if (!error) return null
  return (
    <div class="beside error" role="alert">
      <Icon name="info" />
      <div class="grow">
        {newer ? <p>{t('publish_newer', { n: newer })}</p> : linesOf(error, t).map((line) => <p key={line}>{line}</p>)}
      </div>
      {newer && <button type="button" class="btn btn-sm" disabled={busy} onClick={onTakeUp}>{t('publish_take_up')}</button>}
    </div>
  )
}

/** The number of a version that was published since the draft was begun, else null. */
async function versionSince(api, draft) {
  try {
    const { versions } = await api.get(`/rules/${encodeURIComponent(draft.rule)}`)
    const latest = Math.max(0, ...versions.map((one) => one.version))
    return latest !== (draft.based_on ?? 0) ? latest : null
  } catch {
    return null
  }
}
