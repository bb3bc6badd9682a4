import type { LossPage, Stop } from '../../api/losses';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { ReasonPicker } from '../../parts/ReasonPicker';
import { Said } from '../../parts/Said';
import { DataTable } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';

/** Stops that ask for their reason first, then those that have one. */
export function Stops({ page, readAt }: { page: LossPage; readAt: number }) {
  const { t, word, duration } = useI18n();
  const { permissions } = useCaller();
  const asking = page.stops.filter(({ downtime_reason }) => downtime_reason === null).length;
  if (page.stops.length === 0) return <None readAt={readAt} />;
  return (
    <>
      {asking > 0 && <Notice mark="near">{t('losses.asking', { count: asking })}</Notice>}
      {page.stops_left_off_count > 0 && <p>{t('losses.left_off', { count: page.stops_left_off_count })}</p>}
      <DataTable<Stop>
        label={t('losses.stops')}
        rows={page.stops}
        rowKey={(stop) => `${stop.equipment_id} ${stop.begun_at}`}
        columns={[
          { id: 'station', header: t('losses.station'), cell: (stop) => stop.equipment_id.split('/').at(-1) },
          { id: 'begun', header: t('losses.begun'), cell: (stop) => <Instant at={stop.begun_at} /> },
          {
            id: 'lasted',
            header: t('losses.lost'),
            align: 'right',
            cell: (stop) => `${duration(stop.duration_s)}${stop.ended_at === null ? ` · ${t('losses.stands')}` : ''}`,
          },
          { id: 'said', header: t('losses.station_says'), cell: (stop) => <Said of={stop.reason} otherwise="–" /> },
          {
            id: 'reason',
            header: t('losses.reason'),
            cell: (stop) => {
              if (stop.downtime_reason !== null) return `${word('downtime_reason', stop.downtime_reason)} · ${stop.person ?? ''}`;
              if (!permissions.includes('operate')) return word('downtime_reason', 'not_given');
              return <ReasonPicker equipmentId={stop.equipment_id} begunAt={stop.begun_at} />;
            },
          },
        ]}
      />
    </>
  );
}
