import { useOpenExposures, type OpenExposure } from '../api/stacks';
import { useI18n } from '../i18n/I18nProvider';
import { usePlantInstant } from '../live/LiveProvider';
import { Badge } from '../ui/Badge';
import { DataTable, type Column } from '../ui/DataTable';
import type { MarkKind } from '../ui/Mark';
import { ProgressBar } from '../ui/ProgressBar';
import { DataView } from './DataView';
import { None } from './None';
import { Said } from './Said';
import { ShownOf } from './ShownOf';

const MARKS: Record<OpenExposure['state'], MarkKind> = { within: 'good', near: 'near', over: 'bad', unknown: 'unknown' };
/** More than one screen can read at a glance; the nearest limits stand first. */
const MOST_SHOWN = 12;

interface OpenExposuresProps {
  lotId?: string;
  /** The equipment id of a room. */
  roomId?: string;
}

/** What is left of the budgets of lots that lie open, the nearest limit first; of one lot or in one room if named. */
export function OpenExposures({ lotId, roomId }: OpenExposuresProps) {
  const query = useOpenExposures(MOST_SHOWN, lotId, roomId);
  return (
    <DataView query={query}>
      {({ items, total }, readAt) =>
        items.length === 0 ? (
          <None readAt={readAt} />
        ) : (
          <>
            <ExposureTable items={items} />
            <ShownOf shown={items.length} total={total} />
          </>
        )
      }
    </DataView>
  );
}

function ExposureTable({ items }: { items: readonly OpenExposure[] }) {
  const { t, word } = useI18n();
  const columns: Column<OpenExposure>[] = [
    { id: 'lot', header: t('stack.lot'), cell: (item) => item.lot_id },
    { id: 'what', header: t('stack.open_state'), cell: (item) => word('open_state', item.open_state) },
    {
      id: 'state',
      header: t('field.state'),
      cell: (item) => <Badge mark={MARKS[item.state]}>{word('exposure_state', item.state)}</Badge>,
    },
    { id: 'left', header: t('limit.left'), cell: (item) => <Left item={item} /> },
  ];
  return (
    <DataTable
      dense
      label={t('stack.open')}
      columns={columns}
      rows={items}
      rowKey={(item) => `${item.lot_id} ${item.open_state}`}
      rowLink={(item) => `/lots/${encodeURIComponent(item.lot_id)}`}
    />
  );
}

/** Time to the limit if the air stays as it is, on plant time; unknown is said, never counted down. */
function Left({ item }: { item: OpenExposure }) {
  const { t, duration } = useI18n();
  const now = usePlantInstant();
  if (item.state === 'unknown' || now === null) return <Said of={item.reason} otherwise={t('data.missing')} />;
  const from = Date.parse(item.from_at);
  const to = Date.parse(item.limit_at);
  const left = (to - now.plantMs) / 1_000;
  const over = item.state === 'over' || left <= 0;
  const text = over
    ? t('limit.over', { time: duration(Math.max(0, -left)) })
    : t('limit.remaining', { time: duration(left) });
  return <ProgressBar ratio={over ? 1 : (now.plantMs - from) / Math.max(1, to - from)} label={item.lot_id} text={text} />;
}
