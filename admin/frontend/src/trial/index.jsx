// What stands below the cards: the rule tried on one person, then on the past; and the way into force.
import { Try } from './Try.jsx'
import './trial.css'

export function Trial(props) {
  return <Try {...props} />
}

export function PublishBar() {
  return null
}
