import { useState } from 'react';
import { Link } from 'react-router';
import { channelPath } from '../../api/formation';
import { useMaintenance, type DueDate, type MaintenancePage } from '../../api/maintenance';
import { useCaller } from '../../app/session/SessionGate';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark, type MarkKind } from '../../ui/Mark';
import { Notice } from '../../ui/Notice';
import { RenewalForm } from './RenewalForm';
import './maintenance.css';

type Shown = 'asks' | 'all';
const MARKS: Partial<Record<DueDate['state'], MarkKind>> = { past_due: 'alarm-2', out: 'bad', unknown: 'unknown', due_soon: 'alarm-3' };

const keyOf = (due: DueDate) => `${due.equipment_id} ${due.upkeep} ${due.item}`;

/** What is due over all machines, the most urgent first, with what it blocks and the entry that renews it. */
export default function MaintenanceScreen() {
  const { t } = useI18n();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.maintenance')} />
      <DataView query={useMaintenance()}>{(page, readAt) => <Dates page={page} readAt={readAt} />}</DataView>
    </div>
  );
}

function Dates({ page, readAt }: { page: MaintenancePage; readAt: number }) {
  const { t } = useI18n();
  const [shown, setShown] = useState<Shown>('asks');
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = shown === 'all' ? page.items : page.items.filter((due) => due.state !== 'good');
  const renewed = page.items.find((due) => keyOf(due) === chosen);
  return (
    <>
      {page.missing.length > 0 && <Notice mark="unknown">{t('maintenance.missing', { what: page.missing.join('; ') })}</Notice>}
      <Choice<Shown>
        label={t('maintenance.which')}
        value={shown}
        onChange={setShown}
        options={[
          { value: 'asks', label: `${t('maintenance.asks')} (${page.items.length - page.counts.good})` },
          { value: 'all', label: `${t('maintenance.all')} (${page.items.length})` },
        ]}
      />
      {renewed?.renewal != null && (
        <RenewalForm key={chosen} due={renewed} renewal={renewed.renewal} onDone={() => setChosen(null)} />
      )}
      {rows.length === 0 ? <None readAt={readAt} /> : <DueTable rows={rows} onChoose={(due) => setChosen(keyOf(due))} />}
    </>
  );
}

function DueTable({ rows, onChoose }: { rows: readonly DueDate[]; onChoose(due: DueDate): void }) {
  const { t, word } = useI18n();
  const columns: Column<DueDate>[] = [
    { id: 'machine', header: t('maintenance.machine'), cell: (due) => due.equipment_id.split('/').at(-1) },
    { id: 'item', header: t('maintenance.item'), cell: (due) => <Item due={due} /> },
    { id: 'upkeep', header: t('maintenance.upkeep'), cell: (due) => word('upkeep', due.upkeep) },
    {
      id: 'state',
      header: t('maintenance.state'),
      cell: (due) => (
        <span className="due-state">
          {MARKS[due.state] !== undefined && <Mark kind={MARKS[due.state] ?? 'unknown'} />} {word('due_state', due.state)}
        </span>
      ),
    },
    { id: 'due', header: t('maintenance.due'), cell: (due) => <Day at={due.due_at} /> },
    {
      id: 'blocks',
      header: t('maintenance.blocks'),
      cell: (due) => (due.state === 'good' || due.state === 'due_soon' ? NO_DATA : word('due_blocks', due.blocks)),
    },
    { id: 'last', header: t('maintenance.last'), cell: (due) => [due.last_on, due.last_by].filter(Boolean).join(' · ') || NO_DATA },
    {
      id: 'evidence',
      header: t('maintenance.evidence'),
      cell: (due) => <span className="due-words"><Said of={due.out_reason ?? due.evidence} otherwise={NO_DATA} /></span>,
    },
    { id: 'entry', header: t('maintenance.entry'), cell: (due) => <Entry due={due} onChoose={onChoose} /> },
  ];
  return <DataTable dense label={t('maintenance.title')} columns={columns} rows={rows} rowKey={keyOf} />;
}

function Item({ due }: { due: DueDate }) {
  if (due.service !== 'formation') return <>{due.item}</>;
  return <Link to={channelPath(due.equipment_id, due.item)}>{due.item}</Link>;
}

/** With the year: a calibration is good for one, and days without a year mislead. */
function Day({ at }: { at: string | null }) {
  const { date } = useI18n();
  return at === null ? <Instant at={null} /> : <time dateTime={at}>{date(Date.parse(at))}</time>;
}

/** A channel has its history on its own page; master data gets a new version here. */
function Entry({ due, onChoose }: { due: DueDate; onChoose(due: DueDate): void }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  if (due.service === 'formation') return <Link to={channelPath(due.equipment_id, due.item)}>{t('maintenance.channel')}</Link>;
  if (due.renewal === null) return <>{t('maintenance.by_master_data')}</>;
  if (!permissions.includes('engineer')) return <>{t('maintenance.needs_engineer')}</>;
  return <Button onPress={() => onChoose(due)}>{t('maintenance.renew')}</Button>;
}
