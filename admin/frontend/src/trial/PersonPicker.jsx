// Somebody, found by typing a part of a name, a unit or a position: an ARIA combobox over GET /people/find.
import { useEffect, useId, useRef, useState } from 'preact/hooks'

const AFTER = 180

/** `person`: {id, name} or null. `onPick(person)`. */
export function PersonPicker({ person, onPick, api, t, field }) {
  const [open, setOpen] = useState(false)
  const [query, setQuery] = useState('')
  const [found, setFound] = useState(null)
  const [failed, setFailed] = useState(false)
  const [active, setActive] = useState(0)
  const box = useRef(null)
  const list = useRef(null)
  const id = useId()

  useEffect(() => {
    if (!open) return undefined
    const control = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const answer = await api.get(`/people/find?q=${encodeURIComponent(query)}`, { signal: control.signal })
        setFound(answer.people)
        setFailed(false)
        setActive(0)
      } catch (error) {
        if (error.name !== 'AbortError') setFailed(true)
      }
    }, query ? AFTER : 0)
    return () => {
      clearTimeout(timer)
      control.abort()
    }
  }, [open, query])
  useEffect(() => {
    if (!open) return undefined
    const leave = (event) => box.current?.contains(event.target) || close()
    document.addEventListener('pointerdown', leave)
    return () => document.removeEventListener('pointerdown', leave)
  }, [open])
  useEffect(() => {
    if (open) list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [open, active])

  const people = found ?? []
  const close = () => {
    setOpen(false)
    setQuery('')
  }
  const take = (one) => {
    close()
    if (one) onPick(one)
  }
  const keys = (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!open) return setOpen(true)
      const by = event.key === 'ArrowDown' ? 1 : -1
      setActive((now) => (now + by + people.length) % Math.max(people.length, 1))
    } else if (event.key === 'Enter' && open) {
      event.preventDefault()
      take(people[active])
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation()
      close()
    }
    return undefined
  }
  return (
    <span class="picker person-picker" ref={box}>
      <input
        ref={field}
        class="inp sel"
        role="combobox"
        aria-label={t('trial_person')}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && people[active] ? `${id}-${active}` : undefined}
        autocomplete="off"
        placeholder={t('trial_find_person')}
        value={open ? query : (person?.name ?? '')}
        onClick={() => setOpen(true)}
        onInput={(event) => {
          setOpen(true)
          setQuery(event.currentTarget.value)
        }}
        onKeyDown={keys}
        onBlur={(event) => box.current?.contains(event.relatedTarget) || close()}
      />
      {open && (
        <div class="options" role="listbox" id={`${id}-list`} aria-label={t('trial_person')} ref={list} tabIndex={-1}>
          {failed && <p class="muted small none">{t('trial_not_reached')}</p>}
          {!failed && found && !people.length && <p class="muted small none">{t('trial_nobody_found')}</p>}
          {people.map((one, number) => (
            <div
              key={one.id}
              id={`${id}-${number}`}
              role="option"
              aria-selected={number === active}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(one)}
            >
              {one.name}
              <small>{[one.unit, one.position].filter(Boolean).join(' · ')}</small>
            </div>
          ))}
        </div>
      )}
    </span>
  )
}
