import { useState } from 'react';
import { useAlarmFigures, type AlarmFigures } from '../../api/alarms';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { PeriodChoice, type Hours } from '../../parts/PeriodChoice';
import { DataTable } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Panel } from '../../ui/Panel';
import { AlarmTabs } from './AlarmTabs';

/** How much operators hear, against EEMUA 191. */
export default function AlarmFiguresScreen() {
  const { t, dateTime } = useI18n();
  const [hours, setHours] = useState<Hours>('24');
  return (
    <div className="screen">
      <AlarmTabs />
      <PeriodChoice value={hours} onChange={setHours} />
      <DataView query={useAlarmFigures(hours)}>
        {(figures, readAt) => (
          <div className="alarm-list">
            <p>{t('alarms.since', { from: dateTime(Date.parse(figures.since)), to: dateTime(Date.parse(figures.until)) })}</p>
            <Load figures={figures} />
            <Panel title={t('alarms.worst')}>
              <Worst figures={figures} readAt={readAt} />
            </Panel>
          </div>
        )}
      </DataView>
    </div>
  );
}

interface Line {
  name: string;
  value: string;
  limit: string;
  /** Null where there is no limit, or nothing is known. */
  within: boolean | null;
}

function Load({ figures }: { figures: AlarmFigures }) {
  const { t, number, percent, duration } = useI18n();
  const below = (value: number | null, limit: number) => (value === null ? null : value <= limit);
  const optional = (value: number | null, text: (value: number) => string) => (value === null ? NO_DATA : text(value));
  const lines: Line[] = [
    { name: t('alarms.raised'), value: number(figures.raised_count), limit: '', within: null },
    {
      name: t('alarms.per_10_min'),
      value: optional(figures.per_10_min, number),
      limit: `≤ ${number(figures.per_10_min_limit)}`,
      within: below(figures.per_10_min, figures.per_10_min_limit),
    },
    {
      name: t('alarms.peak_10_min'),
      value: number(figures.peak_10_min),
      limit: `≤ ${number(figures.peak_10_min_limit)}`,
      within: below(figures.peak_10_min, figures.peak_10_min_limit),
    },
    {
      name: t('alarms.flood_time'),
      value: optional(figures.flood_ratio, (ratio) => percent(ratio, 1)),
      limit: `≤ ${percent(figures.flood_ratio_limit)}`,
      within: below(figures.flood_ratio, figures.flood_ratio_limit),
    },
    ...figures.priorities.map(({ priority, count, ratio, target_ratio }) => ({
      name: t('alarm.priority', { priority }),
      value: `${number(count)}${ratio === null ? '' : ` · ${percent(ratio)}`}`,
      limit: `≈ ${percent(target_ratio)}`,
      within: null,
    })),
    { name: t('alarms.stale'), value: number(figures.stale_count), limit: '0', within: figures.stale_count === 0 },
    { name: t('alarms.chattering'), value: number(figures.chattering.length), limit: '0', within: figures.chattering.length === 0 },
    { name: t('alarms.acknowledge_median'), value: optional(figures.acknowledge_median_s, duration), limit: '', within: null },
    { name: t('alarms.acknowledge_slowest'), value: optional(figures.acknowledge_slowest_s, duration), limit: '', within: null },
  ];
  return (
    <DataTable
      label={t('alarms.figures')}
      rows={lines}
      rowKey={(line) => line.name}
      columns={[
        { id: 'name', header: t('alarms.figure'), cell: (line) => line.name },
        { id: 'value', header: t('alarms.value'), align: 'right', cell: (line) => line.value },
        { id: 'limit', header: t('alarms.target'), align: 'right', cell: (line) => line.limit },
        { id: 'within', header: t('alarms.met'), cell: (line) => <Within within={line.within} /> },
      ]}
    />
  );
}

function Within({ within }: { within: boolean | null }) {
  const { t } = useI18n();
  if (within === null) return NO_DATA;
  return (
    <>
      <Mark kind={within ? 'good' : 'near'} /> {t(within ? 'alarms.target_met' : 'alarms.target_missed')}
    </>
  );
}

function Worst({ figures, readAt }: { figures: AlarmFigures; readAt: number }) {
  const { t, word, number, percent } = useI18n();
  if (figures.worst.length === 0) return <None readAt={readAt} />;
  return (
    <DataTable
      label={t('alarms.worst')}
      rows={figures.worst}
      rowKey={(item) => `${item.code} ${item.source}`}
      columns={[
        { id: 'code', header: t('alarms.code'), cell: (item) => word('alarm_code', item.code) },
        { id: 'source', header: t('alarms.source'), cell: (item) => item.source },
        { id: 'count', header: t('alarms.raised'), align: 'right', cell: (item) => number(item.count) },
        { id: 'ratio', header: t('alarms.share'), align: 'right', cell: (item) => percent(item.ratio) },
      ]}
    />
  );
}
