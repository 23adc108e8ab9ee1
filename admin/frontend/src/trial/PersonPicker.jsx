// Somebody, found by typing a part of a name, a unit or a position: GET /people/find.
import { useEffect, useState } from 'preact/hooks'
import { Combobox } from '../studio/Combobox.jsx'

const AFTER = 180

/** `person`: {id, name} or null. `onPick(person)`. */
export function PersonPicker({ person, onPick, api, t, field }) {
  const [open, setOpen] = useState(false)
  const [query, setQuery] = useState('')
  const [found, setFound] = useState(null)
  const [failed, setFailed] = useState(false)

  useEffect(() => {
    if (!open) return undefined
    const control = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const answer = await api.get(`/people/find?q=${encodeURIComponent(query)}`, { signal: control.signal })
        setFound(answer.people)
        setFailed(false)
      } catch (error) {
        if (error.name !== 'AbortError') setFailed(true)
      }
    }, query ? AFTER : 0)
    return () => {
      clearTimeout(timer)
      control.abort()
    }
  }, [open, query])

  const people = failed ? [] : (found ?? [])
  const options = people.map((one) => ({ name: one.id, label: one.name, aside: [one.unit, one.position].filter(Boolean).join(' · '), one }))
  return (
    <Combobox
      name="person-picker"
      field={field}
      label={t('trial_person')}
      placeholder={t('trial_find_person')}
      shown={person?.name ?? ''}
      groups={[{ label: '', options }]}
      none={failed ? t('trial_not_reached') : found && t('trial_nobody_found')}
      query={query}
      onQuery={setQuery}
      onOpen={setOpen}
      onTake={({ one }) => onPick(one)}
    />
  )
}
