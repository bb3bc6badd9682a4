import { channelPath, type Place, type StepAim } from '../../api/formation';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Measure } from '../../parts/Measure';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { PLACE_MARKS } from './placeMarks';

/** Channels with what runs there now. Without a recent look there is no value, never the old one. */
export function ChannelTable({ equipmentId, places }: { equipmentId: string; places: readonly Place[] }) {
  const { t, duration } = useI18n();
  const columns: Column<Place>[] = [
    { id: 'channel', header: t('rack.channel'), cell: (place) => place.channel },
    { id: 'state', header: t('field.state'), cell: (place) => <State place={place} /> },
    { id: 'cell', header: t('field.cell_id'), cell: (place) => place.lot_id ?? NO_DATA },
    { id: 'step', header: t('rack.step'), cell: (place) => <Step place={place} /> },
    { id: 'voltage', header: t('rack.voltage'), align: 'right', cell: (one) => <Measure value={one.voltage_v} unit="v" /> },
    { id: 'current', header: t('rack.current'), align: 'right', cell: (one) => <Measure value={one.current_ma} unit="ma" /> },
    {
      id: 'temperature',
      header: t('rack.temperature'),
      align: 'right',
      cell: (one) => <Measure value={one.temperature_degc} unit="degc" />,
    },
    {
      id: 'left',
      header: t('rack.left'),
      align: 'right',
      cell: ({ left_s: left }) => (left === null ? NO_DATA : duration(left)),
    },
    { id: 'reason', header: t('field.reason'), cell: (place) => <Said of={place.reason} /> },
  ];
  return (
    <DataTable
      label={t('rack.channels')}
      columns={columns}
      rows={places}
      rowKey={(place) => place.channel}
      rowLink={(place) => linkOf(equipmentId, place)}
    />
  );
}

/** To the test where there is one, else to the channel. */
function linkOf(equipmentId: string, place: Place): string {
  if (place.job_order_id === null) return channelPath(equipmentId, place.channel);
  return `/racks/tests/${encodeURIComponent(place.job_order_id)}`;
}

function State({ place }: { place: Place }) {
  const { t } = useI18n();
  return <Badge mark={PLACE_MARKS[place.state]}>{t(`place.${place.state}`)}</Badge>;
}

function Step({ place }: { place: Place }) {
  const { t } = useI18n();
  if (place.protocol_id === null) return <span>{NO_DATA}</span>;
  const protocol = `${place.protocol_id} v${place.protocol_version}`;
  if (place.step === null || place.step_count === null) return <span>{protocol}</span>;
  const where = t('rack.step_of', { step: place.step, count: place.step_count, cycle: place.cycle ?? NO_DATA });
  return (
    <span>
      {protocol}
      <br />
      {where}
      {place.step_aim !== null && <Aim aim={place.step_aim} />}
    </span>
  );
}

function Aim({ aim }: { aim: StepAim }) {
  const { word, duration, number } = useI18n();
  const ends = [
    aim.until_v === null ? null : `${number(aim.until_v)}\u00a0V`,
    aim.until_s === null ? null : duration(aim.until_s),
  ].filter((end) => end !== null);
  return <span>{`: ${word('step_kind', aim.kind)}${ends.length > 0 ? ` → ${ends.join(' / ')}` : ''}`}</span>;
}
