import { useState } from 'react';
import { planDrawing, useSamplingPlan, type PlanAsked, type Severity, type Stage, type Stages } from '../../api/gauges';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { SelectField } from '../../parts/SelectField';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';
import './quality.css';

const AQLS = ['0.1', '0.15', '0.25', '0.4', '0.65', '1', '1.5', '2.5', '4', '6.5', '10'];
const LEVELS = ['S-1', 'S-2', 'S-3', 'S-4', 'I', 'II', 'III'];
const SEVERITIES: readonly Severity[] = ['normal', 'tightened', 'reduced'];
const STAGES: readonly Stages[] = ['single', 'double', 'multiple'];
const plain = (values: readonly string[]) => values.map((value) => ({ value, label: value }));

/** Which plan a lot has, and what it lets pass, drawn. */
export function SamplingPlanPanel() {
  const { t } = useI18n();
  const [asked, setAsked] = useState<PlanAsked>({ lotSize: '500', aql: '1', level: 'II', severity: 'normal', stages: 'single' });
  const change = (part: Partial<PlanAsked>) => setAsked((before) => ({ ...before, ...part }));
  return (
    <Panel title={t('samples.plan')}>
      <div className="form-row">
        <TextField label={t('samples.lot_size')} value={asked.lotSize} onChange={(lotSize) => change({ lotSize: lotSize.replace(/\D/g, '') })} />
        <SelectField label={t('samples.aql')} options={plain(AQLS)} value={asked.aql} onChange={(aql) => change({ aql })} />
        <SelectField label={t('samples.level')} options={plain(LEVELS)} value={asked.level} onChange={(level) => change({ level })} />
        <SelectField
          label={t('samples.severity')}
          options={SEVERITIES.map((value) => ({ value, label: t(`samples.severity.${value}`) }))}
          value={asked.severity}
          onChange={(severity) => change({ severity })}
        />
        <SelectField
          label={t('samples.stages')}
          options={STAGES.map((value) => ({ value, label: t(`samples.stages.${value}`) }))}
          value={asked.stages}
          onChange={(stages) => change({ stages })}
        />
      </div>
      {Number(asked.lotSize) >= 2 && <Plan asked={asked} />}
    </Panel>
  );
}

function Plan({ asked }: { asked: PlanAsked }) {
  const { t, percent } = useI18n();
  const share = (ratio: number | null) => (ratio === null ? NO_DATA : percent(ratio, 2));
  const columns: Column<Stage & { place: number }>[] = [
    { id: 'stage', header: t('samples.stage'), cell: (one) => one.place },
    { id: 'measured', header: t('samples.measured'), align: 'right', cell: (one) => one.sample_count },
    { id: 'accepts', header: t('samples.accepts'), align: 'right', cell: (one) => one.accept_count ?? t('samples.no_accept') },
    { id: 'refuses', header: t('samples.refuses'), align: 'right', cell: (one) => one.refuse_count },
  ];
  return (
    <DataView query={useSamplingPlan(asked)}>
      {(plan) => (
        <>
          <p>
            {t(`samples.stages.${plan.kind}`)}, {plan.letter}.{' '}
            {t('samples.passes', { bad: share(plan.accepted_10_percent_at_ratio), good: share(plan.accepted_95_percent_at_ratio) })}
          </p>
          <DataTable
            label={t('samples.plan')}
            columns={columns}
            rows={plan.stages.map((stage, index) => ({ ...stage, place: index + 1 }))}
            rowKey={(one) => String(one.place)}
          />
          <Curve key={planDrawing(asked)} source={planDrawing(asked)} />
        </>
      )}
    </DataView>
  );
}

function Curve({ source }: { source: string }) {
  const { t } = useI18n();
  const [unread, setUnread] = useState(false);
  if (unread) return <Notice mark="unknown">{t('samples.curve_unread')}</Notice>;
  return <img className="plan-curve" src={source} alt={t('samples.curve')} onError={() => setUnread(true)} />;
}
