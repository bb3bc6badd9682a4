import { useState } from 'react';
import { CALLER, newId, useQualityCommand, type NcAction, type NcPage } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { CommandForm } from '../../parts/CommandForm';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { SignatureFields, useSignature } from '../../parts/SignatureFields';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

const DAY_MS = 86_400_000;

interface ActionsPanelProps {
  page: NcPage;
  readAt: number;
  may: boolean;
}

/** What is done so that it does not happen again, and whether it helped; the next step of one is chosen by its button. */
export function ActionsPanel({ page, readAt, may }: ActionsPanelProps) {
  const { t } = useI18n();
  const [chosen, setChosen] = useState<string | null>(null);
  const action = page.actions.find((one) => one.action_id === chosen);
  return (
    <Panel title={t('nc.actions')}>
      {page.actions.length === 0 ? <None readAt={readAt} /> : <ActionTable page={page} may={may} onChoose={setChosen} />}
      {may && action?.state === 'planned' && <DoneForm key={action.action_id} action={action} />}
      {may && action?.state === 'done' && <CheckForm key={action.action_id} action={action} />}
      {may && <PlanForm page={page} />}
    </Panel>
  );
}

function ActionTable({ page, may, onChoose }: { page: NcPage; may: boolean; onChoose(id: string): void }) {
  const { t } = useI18n();
  const columns: Column<NcAction>[] = [
    { id: 'what', header: t('nc.action'), cell: (one) => one.what },
    { id: 'owner', header: t('nc.owner'), cell: (one) => one.owner },
    { id: 'due', header: t('nc.due'), cell: (one) => <Instant at={one.due_at} withYear /> },
    {
      id: 'state',
      header: t('field.state'),
      cell: (one) => (
        <Badge mark={one.is_late ? 'bad' : one.state === 'effective' ? 'good' : one.state === 'ineffective' ? 'bad' : null}>
          {t(one.is_late ? 'nc.late' : `nc.action.${one.state as 'planned'}`)}
        </Badge>
      ),
    },
    { id: 'after', header: t('nc.after'), align: 'right', cell: (one) => one.after_count },
    {
      id: 'act',
      header: t('spray.act'),
      cell: (one) =>
        may &&
        (one.state === 'planned' || one.state === 'done') && (
          <Button onPress={() => onChoose(one.action_id)}>{t(one.state === 'planned' ? 'nc.say_done' : 'nc.check')}</Button>
        ),
    },
  ];
  return <DataTable label={t('nc.actions')} columns={columns} rows={page.actions} rowKey={(one) => one.action_id} />;
}

function DoneForm({ action }: { action: NcAction }) {
  const { t } = useI18n();
  const [evidence, setEvidence] = useState('');
  const { send, mutation } = useQualityCommand(() => undefined);
  return (
    <CommandForm
      title={t('nc.done_of', { what: action.what })}
      submit={t('nc.say_done')}
      mutation={mutation}
      onSubmit={() => send(`/actions/${encodeURIComponent(action.action_id)}/done`, { ...CALLER, evidence })}
    >
      <TextField label={t('nc.shows')} value={evidence} onChange={setEvidence} />
    </CommandForm>
  );
}

function CheckForm({ action }: { action: NcAction }) {
  const { t } = useI18n();
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => undefined);
  return (
    <CommandForm
      title={t('nc.check_of', { what: action.what })}
      submit={t('sign.sign')}
      mutation={mutation}
      note={t('nc.check_note', { count: action.after_count })}
      onSubmit={() => {
        send(`/actions/${encodeURIComponent(action.action_id)}/effectiveness`, { signature: form.given() });
        form.forget();
      }}
    >
      <SignatureFields form={form} />
    </CommandForm>
  );
}

function PlanForm({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const now = usePlantInstant();
  const [what, setWhat] = useState('');
  const [owner, setOwner] = useState('');
  const [days, setDays] = useState('14');
  const [after, setAfter] = useState('20');
  const { send, mutation } = useQualityCommand(() => setWhat(''));
  const plan = () => {
    if (now === null) return;
    send(`/nonconformances/${encodeURIComponent(page.nonconformance_id)}/actions`, {
      ...CALLER,
      action_id: newId('A'),
      kind: 'corrective',
      what,
      owner,
      due_at: new Date(now.plantMs + Number(days) * DAY_MS).toISOString(),
      after_count: Number(after),
    });
  };
  return (
    <CommandForm title={t('nc.plan')} submit={t('nc.plan_now')} mutation={mutation} onSubmit={plan}>
      <TextField label={t('nc.action')} value={what} onChange={setWhat} />
      <TextField label={t('nc.owner')} value={owner} onChange={setOwner} />
      <TextField label={t('nc.due_days')} value={days} onChange={setDays} />
      <TextField label={t('nc.after')} value={after} onChange={setAfter} />
    </CommandForm>
  );
}
