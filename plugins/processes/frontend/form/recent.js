// A date that is chosen among today and the days before. A page that was kept on another day says them anew.

export const localDay = (at) => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`

/** The day `ago` days before `at`, as {value: '2025-06-11', words: '6月11日'}; beyond `named` days with its weekday in front. */
export function dayBefore(at, ago, lang, named = 2) {
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() - ago, 12)
  const tag = lang === 'zh' ? 'zh-CN' : 'en-GB'
  const date = day.toLocaleDateString(tag, { month: lang === 'zh' ? 'long' : 'short', day: 'numeric' })
  const weekday = ago < named ? '' : `${day.toLocaleDateString(tag, { weekday: 'short' })} `
  return { value: localDay(day), words: weekday + date }
}

/** Every option of `select` as of `at`. “Yesterday” stays yesterday, unless a certain day is to be kept (`keep`, '' for none). */
export function sayAnew(select, at, lang, keep = '') {
  const [{ text }] = select.selectedOptions
  for (const option of select.querySelectorAll('[data-ago]')) {
    const { value, words } = dayBefore(at, Number(option.dataset.ago), lang)
    option.value = value
    option.textContent = [option.dataset.word, words].filter(Boolean).join(' · ')
  }
  if (!keep) return
  if (![...select.options].some((one) => one.value === keep)) select.append(new Option(text.split(' · ').at(-1), keep))
  select.value = keep
}
