import { useState } from 'react';
import { useWhatIf, type OtherPlan, type PlanMove } from '../../api/furnaces';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';

/** What would move if a furnace were away; the plan in force is not touched. */
export function WhatIf({ furnaces }: { furnaces: readonly string[] }) {
  const { t } = useI18n();
  const [away, setAway] = useState('');
  const query = useWhatIf(away);
  const options = [{ value: '', label: t('furnace.all_there') }, ...furnaces.map((id) => ({ value: id, label: shortName(id) }))];
  return (
    <Panel title={t('furnace.what_if')}>
      <p>{t('furnace.what_if_explain')}</p>
      <Select label={t('furnace.away')} options={options} value={away} onChange={setAway} />
      {away !== '' && <DataView query={query}>{(plan) => <Moves plan={plan} />}</DataView>}
    </Panel>
  );
}

function Moves({ plan }: { plan: OtherPlan }) {
  const { t } = useI18n();
  const columns: Column<PlanMove>[] = [
    { id: 'order', header: t('furnace.move'), cell: (move) => move.job_order_id },
    { id: 'from', header: t('furnace.from'), cell: (move) => <Slot equipmentId={move.from_equipment_id} at={move.from_start_at} /> },
    { id: 'to', header: t('furnace.to'), cell: (move) => <Slot equipmentId={move.to_equipment_id} at={move.to_start_at} /> },
  ];
  return (
    <>
      {Object.entries(plan.infeasible).map(([jobOrderId, reason]) => (
        <Notice key={jobOrderId} mark="held">{`${t('furnace.no_furnace')}: ${jobOrderId} – ${reason}`}</Notice>
      ))}
      {plan.moved.length === 0 ? (
        <p>{t('furnace.no_move')}</p>
      ) : (
        <DataTable label={t('furnace.what_if')} columns={columns} rows={plan.moved} rowKey={(move) => move.job_order_id} />
      )}
    </>
  );
}

function Slot({ equipmentId, at }: { equipmentId: string; at: string | null }) {
  return (
    <span>
      {shortName(equipmentId)} <Instant at={at} />
    </span>
  );
}

function shortName(equipmentId: string): string {
  return equipmentId.slice(equipmentId.lastIndexOf('/') + 1);
}
