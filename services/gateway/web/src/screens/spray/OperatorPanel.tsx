import { useOperatorChange, useSprayOperators, type StationOperator } from '../../api/spray';
import { commandKey } from '../../api/http';
import { useCaller } from '../../app/session/SessionGate';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Refusal } from '../../parts/Refusal';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';

/** Who answers for each station and until when that person is trained; who may operate takes one over. */
export function OperatorPanel() {
  const { t } = useI18n();
  return (
    <Panel title={t('spray.operators')}>
      <DataView query={useSprayOperators()}>
        {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <OperatorTable operators={items} />)}
      </DataView>
    </Panel>
  );
}

function OperatorTable({ operators }: { operators: readonly StationOperator[] }) {
  const { t } = useI18n();
  const { name, permissions } = useCaller();
  const change = useOperatorChange(name);
  const may = permissions.includes('operate');
  const act = (one: StationOperator) =>
    change.mutate({ station: one.station, leaves: one.since !== null, key: commandKey() });
  const columns: Column<StationOperator>[] = [
    { id: 'station', header: t('spray.station'), cell: ({ station }) => station },
    { id: 'operator', header: t('spray.operator'), cell: ({ operator }) => operator ?? NO_DATA },
    { id: 'trained', header: t('spray.trained_until'), cell: (one) => <Instant at={one.trained_until ?? null} withYear /> },
    { id: 'since', header: t('spray.since'), cell: ({ since }) => <Instant at={since} withYear /> },
    {
      id: 'act',
      header: t('spray.act'),
      cell: (one) =>
        may && (
          <Button busy={change.isPending} onPress={() => act(one)}>
            {t(one.since === null ? 'spray.take_over' : 'spray.leave')}
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable label={t('spray.operators')} columns={columns} rows={operators} rowKey={({ station }) => station} />
      <Refusal error={change.error} />
    </>
  );
}
