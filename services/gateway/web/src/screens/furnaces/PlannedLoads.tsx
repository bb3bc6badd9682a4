import { usePin } from '../../api/commands';
import { useFurnacePlan, type FurnacePlan, type PlanLoad } from '../../api/furnaces';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';

/** The loads that wait, how good their plan is, and the way to pin one where it is. */
export function PlannedLoads() {
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
            {plan.loads.length === 0 ? <None readAt={readAt} /> : <PlannedTable plan={plan} />}
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

function PlannedTable({ plan }: { plan: FurnacePlan }) {
  const { t, percent } = useI18n();
  const columns: Column<PlanLoad>[] = [
    { id: 'furnace', header: t('furnace.furnace'), cell: (load) => load.equipment_id.split('/').at(-1) },
    { id: 'recipe', header: t('furnace.recipe'), cell: (load) => load.recipe },
    { id: 'orders', header: t('furnace.job_orders'), cell: (load) => load.job_order_ids.join(', ') },
    { id: 'fill', header: t('furnace.fill'), align: 'right', cell: (load) => percent(load.fill_ratio) },
    { id: 'start', header: t('furnace.start'), cell: (load) => <Instant at={load.start_at} /> },
    { id: 'end', header: t('furnace.end'), cell: (load) => <Instant at={load.end_at} /> },
    { id: 'pin', header: t('furnace.pin_column'), cell: (load) => <Pin load={load} version={plan.version} /> },
  ];
  return (
    <DataTable label={t('furnace.next')} columns={columns} rows={plan.loads} rowKey={(load) => load.job_order_ids.join(' ')} />
  );
}

/** The button and, where the service refused, its answer. */
function Pin({ load, version }: { load: PlanLoad; version: number }) {
  const { t } = useI18n();
  const { send, mutation } = usePin(load, version);
  return (
    <>
      <Button busy={mutation.isPending} onPress={send}>
        {t(load.pin_id === null ? 'furnace.pin' : 'furnace.unpin')}
      </Button>
      {mutation.error !== null && (
        <div role="alert">
          <Mark kind="bad" /> {t('furnace.not_changed', { reason: mutation.error.message })}
        </div>
      )}
    </>
  );
}
