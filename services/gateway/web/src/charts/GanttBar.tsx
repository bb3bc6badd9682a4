import type { KeyboardEvent, PointerEvent } from 'react';
import { Link } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { Mark } from '../ui/Mark';
import type { Bar } from './gantt';

interface GanttBarProps {
  bar: Bar;
  furnace: string;
  /** In px and per cent of the plot. */
  place: { top: number; left: string; right: string };
  link: string | null;
  /** The text that says how to move it; null where it does not move. */
  helpId: string | null;
  /** True while a person moves it elsewhere. */
  isLeft: boolean;
  onTake?(event: PointerEvent): void;
  onPress?(event: KeyboardEvent): void;
  onBlur(): void;
}

/** One load with its energy and how late it is. What ran is a link to its page, what is planned can be moved. */
export function GanttBar({ bar, furnace, place, link, helpId, isLeft, onTake, onPress, onBlur }: GanttBarProps) {
  const { t, dateTime } = useI18n();
  const facts = useBarFacts(bar);
  const shown = [bar.label, facts.join(' · ')].join(' ');
  // Who speaks to the screen says what stands on the bar: so the name has that in one piece.
  const name = [shown.trim(), t(`furnace.kind.${bar.kind}`), furnace, `${dateTime(bar.fromMs)} – ${dateTime(bar.toMs)}`].join(', ');
  const className = ['gantt-bar', `gantt-${bar.kind}`, isLeft ? 'gantt-left' : '', onTake === undefined ? '' : 'gantt-movable'].join(' ');
  const style = { top: place.top, left: place.left, width: `calc(${place.right} - ${place.left})` };
  const inside = (
    <>
      <span className="gantt-bar-name">
        {(bar.kind === 'deviating' || bar.kind === 'late' || bar.lateS > 0) && <Mark kind={bar.kind === 'deviating' ? 'bad' : 'near'} />}
        {bar.label}
      </span>{' '}
      <span className="gantt-bar-facts">{facts.join(' · ')}</span>
    </>
  );
  if (link !== null) {
    return (
      <Link className={className} style={style} to={link} title={name} aria-label={name}>
        {inside}
      </Link>
    );
  }
  return (
    <button
      type="button"
      className={className}
      style={style}
      title={name}
      aria-label={name}
      aria-describedby={helpId ?? undefined}
      onPointerDown={onTake}
      onKeyDown={onPress}
      onBlur={onBlur}
    >
      {inside}
    </button>
  );
}

function useBarFacts(bar: Bar): string[] {
  const { t, number, duration } = useI18n();
  return [
    ...(bar.energyKwh === null ? [] : [t('furnace.kwh', { energy: number(Math.round(bar.energyKwh)) })]),
    ...(bar.lateS > 0 ? [t('furnace.late_by', { time: duration(bar.lateS) })] : []),
    ...(bar.pinnedBy === null ? [] : [t('furnace.pinned_by', { person: bar.pinnedBy })]),
  ];
}
