// The chart on a rule's page: nudges a day, the answered and the contested ones among them. Its table says the same.
import { BarChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

const colours = () => {
  const of = getComputedStyle(document.documentElement)
  const [ink, line, said, answered, disputed, surface] = ['--ink-2', '--line', '--c-peer', '--ok-mark', '--need-mark', '--surface'].map(
    (name) => of.getPropertyValue(name).trim(),
  )
  return { ink, line, said, answered, disputed, surface }
}

function options(days, words) {
  const colour = colours()
  const series = (name, values, of) => ({ name, type: 'bar', stack: 'day', data: values, itemStyle: { color: of }, barMaxWidth: 10 })
  return {
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    grid: { left: 8, right: 8, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: colour.ink }, itemWidth: 12, itemHeight: 12 },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colour.surface,
      borderColor: colour.line,
      textStyle: { color: colour.ink },
    },
    xAxis: {
      type: 'category',
      data: days.map(([day]) => day.slice(5)),
      axisLabel: { color: colour.ink },
      axisLine: { lineStyle: { color: colour.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      axisLabel: { color: colour.ink },
      splitLine: { lineStyle: { color: colour.line } },
    },
    series: [
      series(words.disputed, days.map(([, , , disputed]) => disputed), colour.disputed),
      series(words.answered, days.map(([, , answered, disputed]) => answered - disputed), colour.answered),
      series(words.said, days.map(([, said, answered]) => said - answered), colour.said),
    ],
  }
}

for (const box of document.querySelectorAll('.chart[data-days]')) {
  box.hidden = false
  const days = JSON.parse(box.dataset.days)
  const words = JSON.parse(box.dataset.words)
  const chart = init(box, null, { renderer: 'svg' })
  const draw = () => chart.setOption(options(days, words))
  draw()
  new ResizeObserver(() => chart.resize()).observe(box)
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
}
