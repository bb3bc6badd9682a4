import type { Cycle } from '../api/types';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { Badge } from '../ui/Badge';
import { DataTable, type Column } from '../ui/DataTable';
import { Measure } from './Measure';

interface CycleTableProps {
  cycles: readonly Cycle[];
  /** Capacities, efficiency and flag alone, for a narrow place. */
  short?: boolean;
}

/** The figures of each cycle; `CycleFormulas` says how they are made. */
export function CycleTable({ cycles, short = false }: CycleTableProps) {
  const { t, word, percent } = useI18n();
  const ratio = (value: number | null, decimals = 2) => (value === null ? NO_DATA : percent(value, decimals));
  const main: Column<Cycle>[] = [
    { id: 'cycle', header: t('formation.cycle'), cell: (cycle) => cycle.cycle },
    {
      id: 'charge',
      header: t('formation.charge'),
      align: 'right',
      cell: (cycle) => <Measure value={cycle.charge_capacity_mah} unit="mah" />,
    },
    {
      id: 'discharge',
      header: t('formation.discharge'),
      align: 'right',
      cell: (cycle) => <Measure value={cycle.discharge_capacity_mah} unit="mah" />,
    },
    { id: 'efficiency', header: t('formation.efficiency'), align: 'right', cell: (cycle) => <Efficiency cycle={cycle} /> },
  ];
  const more: Column<Cycle>[] = [
    { id: 'energy', header: t('formation.energy_efficiency'), align: 'right', cell: (one) => ratio(one.energy_efficiency_ratio) },
    {
      id: 'retention',
      header: t('formation.retention'),
      align: 'right',
      cell: (one) => (one.reference_cycle === null ? NO_DATA : `${ratio(one.retention_ratio)} (${one.reference_cycle})`),
    },
    {
      id: 'charge_v',
      header: t('formation.mean_charge'),
      align: 'right',
      cell: (one) => <Measure value={one.mean_charge_voltage_v} unit="v" />,
    },
    {
      id: 'discharge_v',
      header: t('formation.mean_discharge'),
      align: 'right',
      cell: (one) => <Measure value={one.mean_discharge_voltage_v} unit="v" />,
    },
    { id: 'cv', header: t('formation.cv_share'), align: 'right', cell: (one) => ratio(one.constant_voltage_ratio, 1) },
  ];
  const flag: Column<Cycle> = {
    id: 'flag',
    header: t('formation.flag'),
    cell: (cycle) => (cycle.flag === null ? '' : <Badge mark="near">{word('cycle_flag', cycle.flag)}</Badge>),
  };
  const columns = short ? [...main, flag] : [...main, ...more, flag];
  return (
    <DataTable label={t('formation.cycles')} columns={columns} rows={cycles} rowKey={(cycle) => String(cycle.cycle)} />
  );
}

/** With its uncertainty where the channel has one: a smaller difference between two cells means nothing. */
function Efficiency({ cycle }: { cycle: Cycle }) {
  const { percent } = useI18n();
  const { coulombic_efficiency_ratio: value, coulombic_efficiency_uncertainty_ratio: uncertainty } = cycle;
  if (value === null) return <span>{NO_DATA}</span>;
  if (uncertainty === null) return <span>{percent(value, 2)}</span>;
  return <span style={{ whiteSpace: 'nowrap' }}>{`${percent(value, 2)} ± ${percent(uncertainty, 2)}`}</span>;
}
