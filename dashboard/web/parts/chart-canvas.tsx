import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { formatBytes } from '../data/numbers.ts'
import type { ChartData } from '../data/series.ts'
import type { TimeRange } from '../data/time-range.ts'

export interface ChartMark {
  readonly ms: number
  readonly label: string
}

export interface ChartProps {
  readonly data: ChartData
  readonly height: number
  readonly isUtc: boolean
  /** Moments pointed at. */
  readonly marks: readonly ChartMark[]
  /** Somebody has brushed over a stretch of time; absent: there is no brush. */
  readonly onZoom?: (range: TimeRange) => void
}

/** Traffic over time, drawn by uPlot: sent and received, with moments marked. Loaded when it is first needed. */
export default function ChartCanvas(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null)
  const zoom = useRef(props.onZoom)
  useEffect(() => {
    zoom.current = props.onZoom
  })
  const { data, height, isUtc, marks } = props
  const hasBrush = props.onZoom !== undefined
  const markText = marks.map(({ ms, label }) => `${ms} ${label}`).join('\n')
  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const options = optionsOf(element, { height, isUtc, marks, hasBrush }, (range) =>
      zoom.current?.(range),
    )
    const aligned = [data.times, data.sent, data.received] as unknown as uPlot.AlignedData
    const plot = new uPlot(options, aligned, element)
    const watcher = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height })
    })
    watcher.observe(element)
    return () => {
      watcher.disconnect()
      plot.destroy()
    }
    // The marks by what they say: a new list of the same ones draws nothing anew.
  }, [data, height, isUtc, markText, hasBrush])
  return <div ref={holder} className="chart" style={{ height }} />
}

function optionsOf(
  element: HTMLElement,
  look: {
    readonly height: number
    readonly isUtc: boolean
    readonly marks: readonly ChartMark[]
    readonly hasBrush: boolean
  },
  onZoom: (range: TimeRange) => void,
): uPlot.Options {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  const [accent, other, line, muted] = ['--accent', '--new', '--line', '--muted'].map(token)
  const font = `11px ${style.fontFamily}`
  const axis = {
    stroke: muted!,
    font,
    grid: { stroke: line!, width: 1 },
    ticks: { stroke: line!, width: 1, size: 4 },
  }
  return {
    width: element.clientWidth,
    height: look.height,
    legend: { show: false },
    cursor: {
      drag: { x: look.hasBrush, y: false, setScale: false },
      points: { size: 6 },
    },
    tzDate: (seconds) => {
      const date = new Date(seconds * 1000)
      return look.isUtc ? uPlot.tzDate(date, 'Etc/UTC') : date
    },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [
      { ...axis, space: 72, values: clockValues },
      {
        ...axis,
        size: 72,
        space: 36,
        values: (_plot, values) => values.map((value) => `${formatBytes(value)}/s`),
      },
    ],
    series: [
      {},
      { label: 'sent', stroke: accent!, fill: `${accent!}22`, width: 1.5, points: { show: false } },
      { label: 'received', stroke: other!, width: 1.5, points: { show: false }, dash: [4, 3] },
    ],
    hooks: {
      draw: [(plot) => drawMarks(plot, look.marks, token('--high'), font)],
      setCursor: [(plot) => tellCursor(plot, element)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
          onZoom({ fromMs: Math.round(from) * 1000, toMs: Math.round(to) * 1000 })
        },
      ],
    },
  }
}

/** 24-hour times; the date where a day begins. */
const clockValues = [
  [3600 * 24 * 365, '{YYYY}', null, null, null, null, null, null, 1],
  [3600 * 24 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [3600 * 24, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [3600, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
] as unknown as uPlot.Axis.Values

function drawMarks(plot: uPlot, marks: readonly ChartMark[], colour: string, font: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = colour
  ctx.fillStyle = colour
  ctx.setLineDash([])
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.font = font.replace(/^\d+/, String(11 * devicePixelRatio))
  for (const { ms, label } of marks) {
    const x = plot.valToPos(ms / 1000, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    const isLeft = x > bbox.left + bbox.width / 2
    ctx.textAlign = isLeft ? 'right' : 'left'
    ctx.fillText(label, x + (isLeft ? -6 : 6) * devicePixelRatio, bbox.top + 12 * devicePixelRatio)
  }
  ctx.restore()
}

/** What lies under the cursor, for the caption below. */
function tellCursor(plot: uPlot, element: HTMLElement): void {
  const { idx } = plot.cursor
  const at = idx === null || idx === undefined ? undefined : plot.data[0][idx]
  const detail =
    at === undefined
      ? null
      : { ms: at * 1000, sent: plot.data[1]![idx!] ?? 0, received: plot.data[2]![idx!] ?? 0 }
  element.dispatchEvent(new CustomEvent('chart-cursor', { bubbles: true, detail }))
}
