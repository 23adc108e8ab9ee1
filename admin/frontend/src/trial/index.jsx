// What stands below the cards: the rule tried on one person, then on the past; and the way into force.
import { useState } from 'preact/hooks'
import { Preview } from './Preview.jsx'
import { Try } from './Try.jsx'
import './trial.css'

export { PublishBar } from './PublishBar.jsx'

/** A finding of the past that is pressed is what the panel above it then walks through. */
export function Trial({ onTried, ...props }) {
  const [wanted, setWanted] = useState(null)
  return (
    <>
      <Try {...props} wanted={wanted} />
      <Preview {...props} onTried={onTried} onLook={setWanted} />
    </>
  )
}
