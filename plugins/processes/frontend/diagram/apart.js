// The words on the arrows of a picture, each where it can be read: mermaid puts them in the middle of their arrow, and two arrows
// between the same two steps have their middles in nearly the same place. A word that covers another one moves along its own arrow.

const ROOM = 6 // px between two words
const STEPS = Array.from({ length: 17 }, (_, n) => 0.5 + (n % 2 ? 1 : -1) * Math.ceil(n / 2) * 0.05) // of the arrow: from its middle outwards

export const meet = (a, b) => Math.abs(a.x - b.x) * 2 < a.width + b.width + ROOM && Math.abs(a.y - b.y) * 2 < a.height + b.height + ROOM

/** Where a box of that size is free of all `taken` ones: the first such of `places`, {x, y} of its middle; else the first of all. */
export function freePlace(size, places, taken) {
  const free = places.find((place) => !taken.some((one) => meet({ ...size, ...place }, one)))
  return free ?? places[0]
}

/** Moves the words of a picture that is shown apart. */
export function setApart(picture) {
  const taken = [...picture.querySelectorAll('g.node')].map(boxOf)
  const labels = [...picture.querySelectorAll('g.edgeLabel')].filter((one) => one.textContent.trim())
  for (const label of labels) {
    const { width, height, ...middle } = boxOf(label)
    const path = picture.querySelector(`path[data-id="${label.querySelector('[data-id]')?.dataset.id}"]`)
    const place = freePlace({ width, height }, [middle, ...(path ? along(path) : [])], taken)
    if (place !== middle) label.setAttribute('transform', `translate(${place.x}, ${place.y})`)
    taken.push({ width, height, ...place })
  }
}

function along(path) {
  const length = path.getTotalLength()
  return STEPS.map((share) => path.getPointAtLength(length * share)).map(({ x, y }) => ({ x, y }))
}

function boxOf(element) {
  const { width, height } = element.getBBox()
  const [, x, y] = /translate\(([-\d.]+),\s*([-\d.]+)\)/.exec(element.getAttribute('transform')) ?? [0, 0, 0]
  return { x: Number(x), y: Number(y), width, height }
}
