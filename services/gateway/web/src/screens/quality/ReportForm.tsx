import { useState } from 'react';
import { useNavigate } from 'react-router';
import { CALLER, newId, useQualityCommand } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SelectField } from '../../parts/SelectField';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

const SEVERITIES = ['minor', 'major', 'critical'] as const;

/** Ids of lots as they were typed or scanned, one after the other. */
export const lotsOf = (text: string) => text.split(/[\s,;]+/).filter((lot) => lot !== '');

/** Raises a nonconformance: all that was made of the lots is found by genealogy and held at once. */
export function ReportForm() {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const navigate = useNavigate();
  const [id] = useState(() => newId('NC'));
  const [what, setWhat] = useState('');
  const [category, setCategory] = useState('');
  const [lots, setLots] = useState('');
  const [severity, setSeverity] = useState<(typeof SEVERITIES)[number]>('major');
  const { send, mutation } = useQualityCommand(() => void navigate(`/nonconformances/${id}`));
  if (!permissions.includes('operate')) return null;
  return (
    <Panel title={t('nc.report')}>
      <CommandForm
        title={id}
        submit={t('nc.report_now')}
        mutation={mutation}
        note={t('nc.report_note')}
        onSubmit={() =>
          send('/nonconformances', {
            ...CALLER,
            nonconformance_id: id,
            description: what,
            category: category.trim().toLowerCase().replaceAll(/[\s-]+/g, '_'),
            severity,
            lot_ids: lotsOf(lots),
          })
        }
      >
        <TextField label={t('nc.description')} value={what} onChange={setWhat} />
        <TextField label={t('nc.category')} value={category} onChange={setCategory} />
        <TextField label={t('nc.lots_typed')} value={lots} onChange={setLots} />
        <SelectField
          label={t('nc.severity')}
          options={SEVERITIES.map((value) => ({ value, label: t(`nc.severity.${value}`) }))}
          value={severity}
          onChange={(value) => setSeverity(value)}
        />
      </CommandForm>
    </Panel>
  );
}
