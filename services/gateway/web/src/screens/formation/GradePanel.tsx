import { useState, type FormEvent } from 'react';
import { newRegrade, useRegrade, type Grade, type TestRun } from '../../api/formation';
import { useCaller } from '../../app/session/SessionGate';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { Refusal } from '../../parts/Refusal';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import './GradePanel.css';

/** All grades of the cell with their reasons, the one that counts first, and the way to a new one. */
export function GradePanel({ run, readAt }: { run: TestRun; readAt: number }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const grades = run.grades.toReversed();
  return (
    <Panel title={t('rack.grades')}>
      {grades.length === 0 ? <None readAt={readAt} /> : <GradeTable grades={grades} />}
      {grades.length > 0 && (permissions.includes('decide') ? <Regrade run={run} /> : <p>{t('rack.regrade_needs')}</p>)}
    </Panel>
  );
}

function GradeTable({ grades }: { grades: readonly Grade[] }) {
  const { t, percent } = useI18n();
  const columns: Column<Grade>[] = [
    { id: 'grade', header: t('field.grade'), cell: (one) => <strong>{one.grade}</strong> },
    { id: 'reasons', header: t('rack.no_better'), cell: (one) => <Reasons reasons={one.reasons} /> },
    { id: 'capacity', header: t('field.capacity'), align: 'right', cell: (one) => <Measure value={one.capacity_mah} unit="mah" /> },
    {
      id: 'efficiency',
      header: t('formation.efficiency'),
      align: 'right',
      cell: ({ efficiency_ratio: ratio }) => (ratio === null ? NO_DATA : percent(ratio, 2)),
    },
    { id: 'resistance', header: t('rack.resistance'), align: 'right', cell: (one) => <Measure value={one.resistance_ohm} unit="ohm" /> },
    { id: 'version', header: t('rack.grading'), align: 'right', cell: (one) => one.grading_version },
    { id: 'at', header: t('rack.graded_at'), cell: (one) => <Instant at={one.graded_at} withYear /> },
    { id: 'by', header: t('rack.by'), cell: (one) => (one.person === null ? '' : `${one.person}: ${one.why ?? ''}`) },
  ];
  return <DataTable label={t('rack.grades')} columns={columns} rows={grades} rowKey={(one) => one.graded_at} />;
}

function Reasons({ reasons }: { reasons: readonly string[] }) {
  return (
    <ul>
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}

/** By the newest grading of the product; nothing is overwritten. */
function Regrade({ run }: { run: TestRun }) {
  const { t } = useI18n();
  const [why, setWhy] = useState('');
  const { mutate, isPending, error } = useRegrade(run);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (why.trim() !== '') mutate(newRegrade(why.trim()), { onSuccess: () => setWhy('') });
  };
  return (
    <form onSubmit={send} className="regrade">
      <TextField label={t('rack.why')} value={why} onChange={setWhy} />
      <SubmitButton busy={isPending}>{t('rack.regrade')}</SubmitButton>
      <Refusal error={error} text={(reason) => t('rack.not_regraded', { reason })} />
    </form>
  );
}
