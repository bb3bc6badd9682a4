import type { TimeLimit } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import type { MarkKind } from '../../ui/Mark';
import { ProgressBar } from '../../ui/ProgressBar';

const MARKS: Record<TimeLimit['state'], MarkKind | null> = {
  open: null,
  near: 'near',
  met: 'good',
  broken: 'bad',
};

export function TimeLimitTable({ limits, readAt }: { limits: readonly TimeLimit[]; readAt: number }) {
  const { t, word } = useI18n();
  if (limits.length === 0) return <None readAt={readAt} />;
  /** `spray ended` in this language. */
  const eventText = (event: string) => {
    const [operation = event, change] = event.split(' ');
    const text = word('operation', operation);
    if (change === 'started') return t('limit.started', { operation: text });
    return change === 'ended' ? t('limit.ended', { operation: text }) : event;
  };
  const columns: Column<TimeLimit>[] = [
    { id: 'name', header: t('limit.name'), cell: (limit) => word('time_limit', limit.name) },
    { id: 'kind', header: t('limit.kind'), cell: (limit) => word('limit_kind', limit.kind) },
    {
      id: 'window',
      header: t('limit.window'),
      cell: (limit) => `${eventText(limit.from_event)} → ${eventText(limit.to_event)}`,
    },
    { id: 'at', header: t('limit.at'), cell: (limit) => <Instant at={limit.limit_at} withYear /> },
    {
      id: 'state',
      header: t('field.state'),
      cell: (limit) => <Badge mark={MARKS[limit.state]}>{word('limit_state', limit.state)}</Badge>,
    },
    { id: 'left', header: t('limit.left'), cell: (limit) => <Countdown limit={limit} /> },
  ];
  return (
    <DataTable
      label={t('cell.time_limits')}
      columns={columns}
      rows={limits}
      rowKey={(limit) => `${limit.name} ${limit.from_event} ${limit.started_at}`}
    />
  );
}

/** Time to the limit as bar and text, on plant time; it stands still while the plant is silent. */
function Countdown({ limit }: { limit: TimeLimit }) {
  const { t, word, duration } = useI18n();
  const now = usePlantInstant();
  if (now === null || limit.state === 'met' || limit.state === 'broken') return null;
  const from = Date.parse(limit.started_at);
  const to = Date.parse(limit.limit_at);
  const left = (to - now.plantMs) / 1_000;
  const text =
    left > 0
      ? t(limit.kind === 'max' ? 'limit.remaining' : 'limit.wait', { time: duration(left) })
      : t(limit.kind === 'max' ? 'limit.over' : 'limit.elapsed', { time: duration(-left) });
  return (
    <div className="limit-bar">
      <ProgressBar ratio={(now.plantMs - from) / Math.max(1, to - from)} label={word('time_limit', limit.name)} text={text} />
    </div>
  );
}
