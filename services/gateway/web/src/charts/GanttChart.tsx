import { useId, useRef } from 'react';
import type { PlanLoad } from '../api/furnaces';
import { useI18n } from '../i18n/I18nProvider';
import { useInstantText } from '../parts/Instant';
import { GanttBar } from './GanttBar';
import { hasLabel, ticksOf, type Bar, type Span } from './gantt';
import { useBarMove, type Moving } from './useBarMove';
import './GanttChart.css';

const ROW_PX = 64;

interface GanttChartProps {
  label: string;
  rows: readonly string[];
  bars: readonly Bar[];
  span: Span;
  nowMs: number;
  /** Where a load that ran or runs is shown. */
  linkOf(loadId: string): string;
  /** Called with a planned load of a version of the plan that was put elsewhere; without it nothing moves. */
  onMove?(load: PlanLoad, version: number, row: number, startMs: number): void;
}

/** One row for each furnace, a bar for each load, a line for now. Planned bars move by finger, mouse or keys. */
export default function GanttChart({ label, rows, bars, span, nowMs, linkOf, onMove }: GanttChartProps) {
  const { t } = useI18n();
  const instantText = useInstantText();
  const helpId = useId();
  const plot = useRef<HTMLDivElement>(null);
  const put = ({ bar: { planned }, row, startMs }: Moving) =>
    planned !== null && onMove?.(planned.load, planned.version, row, startMs);
  const move = useBarMove({ element: plot, rowsCount: rows.length, rowPx: ROW_PX, span, nowMs }, put);
  const left = (ms: number) => `${(100 * (ms - span.fromMs)) / (span.toMs - span.fromMs)}%`;
  const movable = (bar: Bar) => onMove !== undefined && bar.planned !== null;
  const shown = bars.filter((bar) => bar.toMs > span.fromMs && bar.fromMs < span.toMs);
  const { moving } = move;
  return (
    <div className="gantt" role="group" aria-label={label}>
      <div className="gantt-rows" aria-hidden="true">
        {rows.map((row) => (
          <div key={row} className="gantt-row-name" style={{ height: ROW_PX }}>
            {row}
          </div>
        ))}
      </div>
      <div
        className="gantt-plot"
        ref={plot}
        style={{ height: rows.length * ROW_PX }}
        onPointerMove={move.drag}
        onPointerUp={move.drop}
        onPointerCancel={move.leave}
      >
        {ticksOf(span).map((at) => (
          <div key={at} className="gantt-tick" style={{ left: left(at) }}>
            {hasLabel(at, span) && <span>{instantText(at)}</span>}
          </div>
        ))}
        {rows.map((row, index) => (
          <div key={row} className="gantt-line" style={{ top: (index + 1) * ROW_PX }} />
        ))}
        {shown.map((bar) => (
          <GanttBar
            key={bar.key}
            bar={bar}
            furnace={rows[bar.row] ?? ''}
            place={{ top: bar.row * ROW_PX, left: left(Math.max(bar.fromMs, span.fromMs)), right: left(bar.toMs) }}
            link={bar.loadId === null ? null : linkOf(bar.loadId)}
            helpId={movable(bar) ? helpId : null}
            isLeft={moving?.bar.key === bar.key}
            onTake={movable(bar) ? (event) => move.take(bar, event) : undefined}
            onPress={movable(bar) ? (event) => move.press(bar, event) : undefined}
            onBlur={move.blur}
          />
        ))}
        <div className="gantt-now" style={{ left: left(nowMs) }}>
          <span>{t('furnace.now')}</span>
        </div>
        {moving !== null && (
          <div
            className="gantt-ghost"
            style={{
              top: moving.row * ROW_PX,
              left: left(moving.startMs),
              width: left(span.fromMs + moving.bar.toMs - moving.bar.fromMs),
            }}
          >
            {instantText(moving.startMs)}
          </div>
        )}
      </div>
      <p className="gantt-said" role="status">
        {moving === null
          ? ''
          : t('furnace.moving', { load: moving.bar.label, furnace: rows[moving.row] ?? '', start: instantText(moving.startMs) })}
      </p>
      {onMove !== undefined && (
        <p className="gantt-help" id={helpId}>
          {t('furnace.move_help')}
        </p>
      )}
    </div>
  );
}
