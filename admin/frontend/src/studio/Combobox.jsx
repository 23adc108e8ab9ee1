// A searchable list (ARIA combobox): type to find, arrows to move, Enter to take, Escape to leave.
import { useEffect, useId, useRef, useState } from 'preact/hooks'

/**
 * `shown`: what stands in the field while the list is closed. `groups`: [{label, options: [{name, label, aside}]}] as they fit
 * what was typed, which `onQuery` is told; `onOpen(open)`: the list opens or closes. `none`: said where nothing fits.
 */
export function Combobox({ shown, label, placeholder, groups, none, query, onQuery, onOpen, onTake, field, name = '', bad = false, about = {} }) {
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const id = useId()
  const box = useRef(null)
  const list = useRef(null)
  const flat = groups.flatMap((group) => group.options)
  const at = Math.min(active, Math.max(flat.length - 1, 0))

  const show = (wanted) => {
    setOpen(wanted)
    if (wanted !== open) onOpen?.(wanted)
    if (!wanted) onQuery('')
  }
  useEffect(() => {
    if (!open) return undefined
    const leave = (event) => box.current?.contains(event.target) || show(false)
    document.addEventListener('pointerdown', leave)
    return () => document.removeEventListener('pointerdown', leave)
  }, [open])
  useEffect(() => {
    if (open) list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [open, at])

  const take = (one) => {
    show(false)
    setActive(0)
    if (one) onTake(one)
  }
  const keys = (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!open) return show(true)
      const by = event.key === 'ArrowDown' ? 1 : -1
      setActive((at + by + flat.length) % Math.max(flat.length, 1))
    } else if (event.key === 'Enter' && open) {
      event.preventDefault()
      take(flat[at])
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation()
      show(false)
    }
    return undefined
  }
  const option = (one) => {
    const number = flat.indexOf(one)
    return (
      <div
        key={one.name}
        id={`${id}-${number}`}
        role="option"
        aria-selected={number === at}
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => take(one)}
      >
        {one.label}
        {one.aside && <small>{one.aside}</small>}
      </div>
    )
  }
  return (
    <span class={`picker ${name}`} ref={box}>
      <input
        ref={field}
        class={`inp sel${bad ? ' bad' : ''}`}
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && flat[at] ? `${id}-${at}` : undefined}
        autocomplete="off"
        placeholder={placeholder}
        value={open ? query : shown}
        onFocus={() => setActive(0)}
        onClick={() => show(true)}
        onInput={(event) => {
          const text = event.currentTarget.value
          if (!open) show(true)
          setActive(0)
          onQuery(text)
        }}
        onKeyDown={keys}
        onBlur={(event) => box.current?.contains(event.relatedTarget) || show(false)}
        {...about}
      />
      {open && (
        <div class="options" role="listbox" id={`${id}-list`} aria-label={label} ref={list} tabIndex={-1}>
          {!flat.length && none && <p class="muted small none">{none}</p>}
          {groups.map((group) =>
            group.label ? (
              <div key={group.label} role="group" aria-label={group.label}>
                <p class="group" aria-hidden="true">
                  {group.label}
                </p>
                {group.options.map(option)}
              </div>
            ) : (
              group.options.map(option)
            ),
          )}
        </div>
      )}
    </span>
  )
}
