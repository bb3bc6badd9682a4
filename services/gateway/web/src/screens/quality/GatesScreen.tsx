import { useBlocked, useUndecided, useWaivers, type Blocked, type Undecided, type Waiver } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { QualityTabs } from './QualityTabs';
import { UnsignedPanel } from './UnsignedPanel';
import { WaiverState } from './WaiverState';

/** What the gates block and wait for, and the waivers that stand; a row leads to the job order's decision. */
export default function GatesScreen() {
  const { t } = useI18n();
  const blocked = useBlocked();
  const undecided = useUndecided();
  const waivers = useWaivers();
  return (
    <div className="screen">
      <QualityTabs />
      <Panel title={t('gates.blocked')}>
        <DataView query={blocked}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <BlockedTable items={items} />)}
        </DataView>
      </Panel>
      <Panel title={t('gates.undecided')}>
        <DataView query={undecided}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <UndecidedTable items={items} />)}
        </DataView>
      </Panel>
      <UnsignedPanel />
      <Panel title={t('gates.waivers')}>
        <DataView query={waivers}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <WaiverTable items={items} />)}
        </DataView>
      </Panel>
    </div>
  );
}

const toGate = (item: { job_order_id: string }) => `/gates/${encodeURIComponent(item.job_order_id)}`;

function BlockedTable({ items }: { items: readonly Blocked[] }) {
  const { t, word } = useI18n();
  const columns: Column<Blocked>[] = [
    { id: 'lot', header: t('gates.lot'), cell: (item) => item.lot_id },
    { id: 'gate', header: t('gate.gate'), cell: (item) => word('gate_name', item.gate) },
    { id: 'reason', header: t('field.reason'), cell: (item) => <Said of={item.reason} /> },
    { id: 'at', header: t('gate.evaluated'), cell: (item) => <Instant at={item.evaluated_at} /> },
    {
      id: 'nc',
      header: t('gates.nonconformance'),
      cell: ({ nonconformance_state: state }) => t(state === null ? 'gates.no_nc' : `nc.state.${state as 'open'}`),
    },
  ];
  return (
    <DataTable
      label={t('gates.blocked')}
      columns={columns}
      rows={items}
      rowKey={(item) => `${item.lot_id} ${item.gate}`}
      rowLink={(item) => toGate(item)}
    />
  );
}

function UndecidedTable({ items }: { items: readonly Undecided[] }) {
  const { t, word } = useI18n();
  const columns: Column<Undecided>[] = [
    { id: 'lot', header: t('gates.lot'), cell: (item) => item.lot_id },
    { id: 'operation', header: t('gates.operation'), cell: (item) => word('operation', item.operation) },
    { id: 'waits', header: t('gates.waits'), cell: (item) => <Said of={item.reason} otherwise={t('gates.being_judged')} /> },
    { id: 'since', header: t('spray.since'), cell: (item) => <Instant at={item.ended_at} /> },
  ];
  return (
    <DataTable label={t('gates.undecided')} columns={columns} rows={items} rowKey={(item) => item.job_order_id} rowLink={(item) => toGate(item)} />
  );
}

function WaiverTable({ items }: { items: readonly Waiver[] }) {
  const { t, word } = useI18n();
  const columns: Column<Waiver>[] = [
    { id: 'id', header: t('gates.waiver'), cell: (item) => item.waiver_id },
    { id: 'state', header: t('field.state'), cell: (item) => <WaiverState waiver={item} /> },
    { id: 'gate', header: t('gate.gate'), cell: (item) => word('gate_name', item.body.gate) },
    { id: 'what', header: t('gate.characteristic'), cell: (item) => word('characteristic', item.body.characteristic) },
    { id: 'lots', header: t('gates.lots'), cell: (item) => item.body.lot_ids.join(', ') },
    { id: 'reason', header: t('field.reason'), cell: (item) => item.body.reason },
    { id: 'until', header: t('gates.until'), cell: (item) => <Instant at={item.expires_at} /> },
  ];
  return <DataTable label={t('gates.waivers')} columns={columns} rows={items} rowKey={(item) => item.waiver_id} />;
}
