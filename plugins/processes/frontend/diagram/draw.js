// Draws a process from its mermaid text, in the page's own colours. mermaid is fetched when the first picture is drawn.
import { setApart } from './apart.js'

const TOKENS = {
  background: '--surface',
  primaryColor: '--surface',
  primaryTextColor: '--ink',
  primaryBorderColor: '--line-strong',
  lineColor: '--line-strong',
  edgeLabelBackground: '--bg',
  tertiaryColor: '--sunken',
}
const LEAST = 560 // px
let drawn = 0

/** Whether mermaid can be had and the text be drawn: puts the picture into `box` and shows it. Throws what mermaid throws. */
export async function draw(box, text) {
  const { default: mermaid } = await import('mermaid')
  mermaid.initialize(settings())
  const { svg } = await mermaid.render(`diagram-${++drawn}`, text)
  box.innerHTML = svg // mermaid's own output, cleaned by it: securityLevel strict
  const picture = box.querySelector('svg')
  picture.setAttribute('aria-hidden', 'true') // what it shows stands beside it in words
  const width = Number(picture.getAttribute('viewBox')?.split(' ')[2] ?? 0)
  picture.style.maxWidth = `${width}px`
  box.hidden = false // what is hidden has no size
  setApart(picture)
  picture.style.minWidth = `${Math.min(width, box.dataset.least ?? LEAST)}px` // below that nobody can read it: it is moved instead
}

/** Calls `again` whenever the page turns light or dark. */
export function onTheme(again) {
  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
}

function settings() {
  const style = getComputedStyle(document.documentElement)
  const of = (name) => style.getPropertyValue(name).trim()
  const themeVariables = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, of(token)]))
  return {
    startOnLoad: false,
    securityLevel: 'strict',
    theme: 'base',
    themeVariables: { ...themeVariables, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: '13px' },
    flowchart: { htmlLabels: true, curve: 'basis', padding: 12, nodeSpacing: 36, rankSpacing: 44, wrappingWidth: 260, useMaxWidth: true },
  }
}
