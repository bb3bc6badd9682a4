import { useParams, useSearchParams } from 'react-router';
import { useChannel, type ChannelEntry, type ChannelFacts } from '../../api/formation';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { ChannelEntryForm } from './ChannelEntryForm';
import { RunTable } from './RunTable';

/** One channel of a tester: what it can do, what was written about it, and what ran on it. */
export default function ChannelScreen() {
  const { t } = useI18n();
  const { channel = '' } = useParams();
  const [parameters] = useSearchParams();
  const found = useChannel(parameters.get('tester') ?? '', channel);
  return (
    <div className="screen">
      <BackToSearch to="/racks" title={t('channel.title', { channel })} label={t('rack.back')} />
      <DataView query={found}>
        {(page, readAt) => (
          <>
            <Now facts={page.channel} />
            <Panel title={t('channel.history')}>
              {page.items.length === 0 ? <None readAt={readAt} /> : <History entries={page.items} />}
            </Panel>
            <ChannelEntryForm equipmentId={page.channel.equipment_id} channel={channel} />
            <Panel title={t('rack.tests')}>
              {page.tests.length === 0 ? <None readAt={readAt} /> : <RunTable runs={page.tests} />}
            </Panel>
          </>
        )}
      </DataView>
    </div>
  );
}

function Now({ facts }: { facts: ChannelFacts }) {
  const { t, percent } = useI18n();
  return (
    <>
      {facts.out_reason !== null && <Notice mark="bad">{t('channel.out', { reason: facts.out_reason })}</Notice>}
      <Facts
        facts={[
          { name: t('channel.tester'), value: facts.equipment_id },
          { name: t('channel.range'), value: <Measure value={facts.current_range_ma} unit="ma" /> },
          { name: t('channel.voltage_range'), value: <Measure value={facts.voltage_range_v} unit="v" /> },
          { name: t('channel.uncertainty'), value: percent(facts.current_uncertainty_ratio, 3) },
          { name: t('channel.calibrated'), value: facts.calibrated_on ?? NO_DATA },
          { name: t('channel.due'), value: facts.calibration_due },
          { name: t('channel.chamber'), value: <Measure value={facts.chamber_temperature_degc} unit="degc" /> },
          { name: t('channel.position'), value: facts.chamber_position ?? NO_DATA },
        ]}
      />
    </>
  );
}

/** Newest line first. */
function History({ entries }: { entries: readonly ChannelEntry[] }) {
  const { t, word } = useI18n();
  const columns: Column<ChannelEntry>[] = [
    { id: 'when', header: t('channel.when'), cell: (line) => <Instant at={line.written_at} withYear /> },
    { id: 'entry', header: t('channel.entry'), cell: (line) => word('channel_entry', line.entry) },
    { id: 'value', header: t('rack.value'), cell: (line) => <Value line={line} /> },
    { id: 'by', header: t('channel.by'), cell: (line) => line.by },
    { id: 'note', header: t('channel.note'), cell: (line) => line.note },
  ];
  const newestFirst = [...entries].reverse();
  return (
    <DataTable
      label={t('channel.history')}
      columns={columns}
      rows={newestFirst}
      rowKey={(line) => `${line.written_at} ${line.entry}`}
    />
  );
}

function Value({ line }: { line: ChannelEntry }) {
  const { t, percent } = useI18n();
  if (line.drift_ratio !== undefined) return <span>{t('channel.of_range', { share: percent(line.drift_ratio, 3) })}</span>;
  if (line.current_uncertainty_ratio !== undefined) {
    const share = percent(line.current_uncertainty_ratio, 3);
    return <span>{t('channel.good_until', { share, due: line.calibration_due ?? NO_DATA })}</span>;
  }
  return <span>{line.chamber_position ?? NO_DATA}</span>;
}
