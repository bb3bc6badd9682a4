import { usePlanChange } from '../../api/furnacecommands';
import { useFurnacePlan, type FurnacePlan, type PlanLoad } from '../../api/furnaces';
import { useCaller } from '../../app/session/SessionGate';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Refusal } from '../../parts/Refusal';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';

/** The loads that wait, how good their plan is, and the ways to pin, move and split one. */
export function PlannedLoads({ furnaces }: { furnaces: readonly string[] }) {
  const { t } = useI18n();
  const query = useFurnacePlan();
  return (
    <Panel title={t('furnace.next')} note={<Quality plan={query.data} />}>
      <DataView query={query}>
        {(plan, readAt) => (
          <>
            {Object.entries(plan.infeasible).map(([jobOrderId, reason]) => (
              <Notice key={jobOrderId} mark="held">{`${t('furnace.no_furnace')}: ${jobOrderId} – ${reason}`}</Notice>
            ))}
            {Object.entries(plan.too_late).map(([jobOrderId, reason]) => (
              <Notice key={jobOrderId} mark="near">{`${t('furnace.waits_too_long')}: ${jobOrderId} – ${reason}`}</Notice>
            ))}
            {plan.loads.length === 0 ? <None readAt={readAt} /> : <PlannedTable plan={plan} furnaces={furnaces} />}
          </>
        )}
      </DataView>
    </Panel>
  );
}

function Quality({ plan }: { plan: FurnacePlan | undefined }) {
  const { t, percent } = useI18n();
  if (plan === undefined) return null;
  const gap = plan.figures?.gap_ratio ?? null;
  const { version } = plan;
  return <span>{gap === null ? t('furnace.version', { version }) : t('furnace.gap', { version, gap: percent(gap, 1) })}</span>;
}

function PlannedTable({ plan, furnaces }: { plan: FurnacePlan; furnaces: readonly string[] }) {
  const { t, percent, number } = useI18n();
  const mayPlan = useCaller().permissions.includes('plan');
  const columns: Column<PlanLoad>[] = [
    { id: 'furnace', header: t('furnace.furnace'), cell: (load) => load.equipment_id.split('/').at(-1) },
    { id: 'recipe', header: t('furnace.recipe'), cell: (load) => load.recipe },
    { id: 'orders', header: t('furnace.job_orders'), cell: (load) => load.job_order_ids.join(', ') },
    { id: 'fill', header: t('furnace.fill'), align: 'right', cell: (load) => percent(load.fill_ratio) },
    { id: 'start', header: t('furnace.start'), cell: (load) => <Instant at={load.start_at} /> },
    { id: 'end', header: t('furnace.end'), cell: (load) => <Instant at={load.end_at} /> },
    { id: 'late', header: t('furnace.late'), align: 'right', cell: (load) => <PlannedLateness load={load} /> },
    {
      id: 'energy',
      header: t('furnace.energy'),
      align: 'right',
      cell: (load) => (load.energy_kwh === null ? NO_DATA : number(Math.round(load.energy_kwh))),
    },
    {
      id: 'pin',
      header: t('furnace.pin_column'),
      cell: (load) =>
        mayPlan ? <Change load={load} version={plan.version} furnaces={furnaces} /> : (load.pinned_by ?? NO_DATA),
    },
  ];
  return (
    <DataTable label={t('furnace.next')} columns={columns} rows={plan.loads} rowKey={(load) => load.job_order_ids.join(' ')} />
  );
}

function PlannedLateness({ load }: { load: PlanLoad }) {
  const { t, duration } = useI18n();
  if (load.end_at === null) return <span>{NO_DATA}</span>;
  if (load.late_s <= 0) return <span>{t('furnace.on_time')}</span>;
  return <Badge mark="near">{duration(load.late_s)}</Badge>;
}

/** What a person may change of a load and, where the service refused, its answer. */
function Change({ load, version, furnaces }: { load: PlanLoad; version: number; furnaces: readonly string[] }) {
  const { t } = useI18n();
  const { pin, moveTo, splitOff, mutation } = usePlanChange(load, version);
  const others = furnaces.filter((id) => id !== load.equipment_id);
  return (
    <div className="plan-change">
      <Button busy={mutation.isPending} onPress={pin}>
        {t(load.pin_id === null ? 'furnace.pin' : 'furnace.unpin')}
      </Button>
      {load.pinned_by !== null && <span>{load.pinned_by}</span>}
      <Chooser label={t('furnace.move_to')} values={others} onChoose={moveTo} />
      {load.job_order_ids.length > 1 && (
        <Chooser label={t('furnace.split_off')} values={load.job_order_ids} onChoose={splitOff} />
      )}
      <Refusal error={mutation.error} text={(reason) => t('furnace.not_changed', { reason })} />
    </div>
  );
}

/** A list that acts on what is chosen and shows its own name again. */
function Chooser({ label, values, onChoose }: { label: string; values: readonly string[]; onChoose(value: string): void }) {
  const options = [{ value: '', label }, ...values.map((value) => ({ value, label: value.split('/').at(-1) ?? value }))];
  return <Select label={label} options={options} value="" onChange={(value) => value !== '' && onChoose(value)} />;
}
