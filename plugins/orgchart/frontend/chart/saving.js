// The chart as a file. It is drawn anew as plain SVG, with text as text: what the page shows is HTML within SVG, which only
// browsers can read. PNG and PDF are made of that drawing. Pictures go by data: addresses, the only ones that the page allows.
import { WIDTH } from './drawn.js'

const PAD = 28
const HEAD = 44
const LARGEST = 8192 // points of a side: more, no browser draws
const SETTLED_MS = 450 // until the last node has come to its place

/** Save what is open of `chart` as ``svg``, ``png`` or ``pdf``; the file's name. */
export async function saveAs(kind, chart, page) {
  await new Promise((on) => setTimeout(on, SETTLED_MS))
  const drawing = await draw(chart, page)
  const made = { svg: asSvg, png: asPng, pdf: asPdf }[kind]
  const name = `organisation-${page.shown}.${kind}`
  download(await made(drawing, page), name)
  return name
}

function download(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

// -- the drawing ---------------------------------------------------------------------------------------------------------
async function draw({ chart, box }, page) {
  const nodes = chart.getChartState().root.descendants().filter((node) => node.data.id !== undefined)
  const left = Math.min(...nodes.map((node) => node.x - node.width / 2)) - PAD
  const right = Math.max(...nodes.map((node) => node.x + node.width / 2)) + PAD
  const bottom = Math.max(...nodes.map((node) => node.y + node.height)) + PAD
  const top = -PAD - HEAD
  const colour = colours()
  const photos = new Map(await Promise.all(nodes.filter((node) => node.data.head?.photo).map(async (node) => [node.data.id, await asData(node.data.head.photo)])))
  const links = [...box.querySelectorAll('path.link')].map((path) => `<path d="${path.getAttribute('d')}" fill="none" stroke="${colour.strong}"/>`)
  const [width, height] = [right - left, bottom - top]
  const title = [page.words.company, page.words.chart, page.shown].filter(Boolean).join(' · ')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="${round(left)} ${round(top)} ${round(width)} ${round(height)}" font-family="${escaped(colour.font)}" font-size="13"><title>${escaped(title)}</title><rect x="${round(left)}" y="${round(top)}" width="100%" height="100%" fill="${colour.ground}"/>
<text x="${round(left + PAD)}" y="${round(top + PAD)}" font-size="17" font-weight="600" fill="${colour.ink}">${escaped(title)}</text>
${links.join('\n')}
${nodes.map((node) => card(node, colour, photos.get(node.data.id))).join('\n')}</svg>`
  return { svg, width, height, title }
}

function colours() {
  const style = getComputedStyle(document.documentElement)
  const of = (name) => style.getPropertyValue(`--${name}`).trim()
  return { ground: of('bg'), card: of('surface'), line: of('line'), strong: of('line-strong'), ink: of('ink'), soft: of('ink-2'), quiet: of('ink-3'), empty: of('open'), font: of('font').replaceAll('"', "'") }
}

function card({ x, y, width, height, data }, colour, photo) {
  const edge = x - width / 2
  const start = edge + 12
  const face = data.head ? 42 : 0
  const said = [data.people, data.head?.name].filter(Boolean).join(' · ')
  const lines = data.posts.map((post, number) => {
    const at = y + 74 + 26 * number
    const held = shortened(post.held, 92, 13)
    const paint = post.empty ? colour.empty : colour.soft
    return `${label(start, at, shortened(post.name, width - 40 - wide(held, 13), 13), paint)}${label(edge + width - 12, at, held, paint, 'text-anchor="end"')}`
  })
  const closed = data.open ? 0 : data.inside
  const more = data.more ? label(start, y + 74 + 26 * data.posts.length - 3, `+${data.more}`, colour.quiet, 'font-size="12"') : ''
  return `<g><rect x="${round(edge)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="10" fill="${colour.card}" stroke="${colour.line}"/>
${data.head ? picture(start, y + 12, data.head.initial, colour, photo) : ''}${label(start + face, y + 26, shortened(data.name, WIDTH - 24 - face, 14), colour.ink, 'font-size="14" font-weight="600"')}${label(start + face, y + 44, shortened(said, WIDTH - 24 - face, 12), colour.quiet, 'font-size="12"')}
${lines.join('')}${more}${closed ? label(x, y + height - 12, `+${closed}`, colour.quiet, 'font-size="12" text-anchor="middle"') : ''}</g>`
}

function picture(x, y, initial, colour, photo) {
  if (!photo) return `<circle cx="${round(x + 16)}" cy="${round(y + 16)}" r="16" fill="${colour.ground}"/>${label(x + 16, y + 21, initial, colour.soft, 'text-anchor="middle"')}`
  const clip = `c${Math.round(x)}-${Math.round(y)}`
  return `<clipPath id="${clip}"><circle cx="${round(x + 16)}" cy="${round(y + 16)}" r="16"/></clipPath><image x="${round(x)}" y="${round(y)}" width="32" height="32" href="${photo}" clip-path="url(#${clip})"/>`
}

const label = (x, y, said, fill, more = '') => `<text x="${round(x)}" y="${round(y)}" fill="${fill}" ${more}>${escaped(said)}</text>`
const round = (number) => Math.round(number * 10) / 10
const escaped = (value) => String(value).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

const pen = document.createElement('canvas').getContext('2d')

function wide(said, size) {
  pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`
  return pen.measureText(said).width
}

/** `said` with an ellipsis where it is wider than `most` points. */
function shortened(said, most, size) {
  if (wide(said, size) <= most) return said
  const letters = [...said]
  while (letters.length && wide(`${letters.join('')}…`, size) > most) letters.pop()
  return `${letters.join('')}…`
}

async function asData(address) {
  const blob = await (await fetch(address, { credentials: 'same-origin' })).blob()
  return new Promise((on) => {
    const reader = new FileReader()
    reader.onload = () => on(reader.result)
    reader.readAsDataURL(blob)
  })
}

// -- the files -----------------------------------------------------------------------------------------------------------
const asSvg = ({ svg }) => new Blob([`<?xml version="1.0" encoding="UTF-8"?>\n${svg}`], { type: 'image/svg+xml' })

async function asPng({ svg, width, height }) {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const scale = Math.min(2, LARGEST / width, LARGEST / height)
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.ceil(width * scale), height: Math.ceil(height * scale) })
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((on) => canvas.toBlob(on, 'image/png'))
}

/** One page, as large as the chart: a picture, because no font that a PDF has by itself holds Chinese. */
async function asPdf(drawing) {
  const { PDFDocument } = await import('pdf-lib')
  const pdf = await PDFDocument.create()
  pdf.setTitle(drawing.title)
  const image = await pdf.embedPng(await (await asPng(drawing)).arrayBuffer())
  const scale = Math.min(0.75, 14_000 / Math.max(drawing.width, drawing.height)) // points of 1/72 inch; a page may be 200 inches
  const size = [drawing.width * scale, drawing.height * scale]
  pdf.addPage(size).drawImage(image, { x: 0, y: 0, width: size[0], height: size[1] })
  return new Blob([await pdf.save()], { type: 'application/pdf' })
}
