// What the editor says, in the reader's language: one flat file each, `{name}` for what is put in.
import en from './words/en.json'
import zh from './words/zh.json'

const BOOKS = { zh, en }

/** t('to_go', {n: 2}); a key with `_one` beside it takes that for n = 1. Throws on a key that is not there. */
export function wordsOf(locale) {
  const book = BOOKS[locale] ?? BOOKS.zh
  return (key, values = {}) => {
    const text = (values.n === 1 ? book[`${key}_one`] : undefined) ?? book[key]
    if (text === undefined) throw new Error(`no word for ${key}`)
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))
  }
}

/** The text of {zh, en} in the reader's language, else in the other, else `fallback`. */
export const named = (text, locale, fallback = '') => text?.[locale] || text?.zh || text?.en || fallback
