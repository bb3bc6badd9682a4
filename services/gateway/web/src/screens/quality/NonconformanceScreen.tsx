import { Link, useParams } from 'react-router';
import { useNonconformance, type LotOfNc, type NcEntry, type NcPage } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { SignatureTable } from '../../parts/SignatureFields';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Panel } from '../../ui/Panel';
import { ActionsPanel } from './ActionsPanel';
import { CauseForm } from './CauseForm';
import { CloseForm } from './CloseForm';
import { ContainForm } from './ContainForm';
import { DispositionPanel } from './DispositionPanel';
import { NcBadge } from './NcBadge';
import './quality.css';

/** One nonconformance: what it concerns, where that stands, cause, dispositions, actions, and its end. */
export default function NonconformanceScreen() {
  const { t } = useI18n();
  const { nonconformanceId = '' } = useParams();
  const query = useNonconformance(nonconformanceId);
  return (
    <div className="screen">
      <BackToSearch to="/nonconformances" title={t('nc.of', { id: nonconformanceId })} label={t('nc.back')} />
      <DataView query={query}>{(page, readAt) => <Parts page={page} readAt={readAt} />}</DataView>
    </div>
  );
}

function Parts({ page, readAt }: { page: NcPage; readAt: number }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const may = permissions.includes('decide') && page.state !== 'closed';
  return (
    <>
      <NcFacts page={page} />
      {!permissions.includes('decide') && <p>{t('quality.needs_decide')}</p>}
      <Panel title={t('nc.lots')} note={t('nc.lots_note')}>
        {page.lots.length === 0 ? <None readAt={readAt} /> : <LotTable page={page} />}
        {may && <ContainForm page={page} />}
      </Panel>
      <Panel title={t('nc.cause')}>
        <Causes page={page} readAt={readAt} />
        {may && <CauseForm page={page} />}
      </Panel>
      <DispositionPanel page={page} readAt={readAt} may={may} />
      <ActionsPanel page={page} readAt={readAt} may={may} />
      <Panel title={t('nc.end')}>
        {page.signatures.length > 0 && <SignatureTable signatures={page.signatures} />}
        {may && <CloseForm page={page} />}
        {page.state === 'closed' && <p>{t('nc.is_closed')}</p>}
      </Panel>
      <Panel title={t('nc.entries')}>{page.entries.length === 0 ? <None readAt={readAt} /> : <EntryTable page={page} />}</Panel>
    </>
  );
}

function NcFacts({ page }: { page: NcPage }) {
  const { t, word } = useI18n();
  const gate = page.job_order_id === '' ? null : `/gates/${encodeURIComponent(page.job_order_id)}`;
  return (
    <>
      <p>
        <strong>{page.description}</strong>
      </p>
      <Facts
        facts={[
          { name: t('field.state'), value: <NcBadge state={page.state} /> },
          { name: t('nc.severity'), value: t(`nc.severity.${page.severity as 'minor'}`) },
          { name: t('nc.category'), value: word('gate_name', page.category) },
          { name: t('field.job_order'), value: gate === null ? NO_DATA : <Link to={gate}>{page.job_order_id}</Link> },
          { name: t('gates.station'), value: page.equipment_id ?? NO_DATA },
          { name: t('nc.raised'), value: <Instant at={page.raised_at} withYear /> },
        ]}
      />
    </>
  );
}

/** Where a person found a lot, the newest word first. */
function placeOf(page: NcPage, lotId: string): string | null {
  for (const entry of page.entries.toReversed()) {
    const places = entry.kind === 'containment' ? entry.body['places'] : undefined;
    if (!Array.isArray(places)) continue;
    const found = (places as { lot_id: string; place: string }[]).find((one) => one.lot_id === lotId);
    if (found !== undefined) return found.place;
  }
  return null;
}

function LotTable({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const left = (lotId: string) => page.rework.find((one) => one.lot_id === lotId)?.operations_left ?? [];
  const columns: Column<LotOfNc>[] = [
    { id: 'lot', header: t('gates.lot'), cell: (one) => one.lot_id },
    { id: 'held', header: t('nc.held'), cell: (one) => (one.is_held ? <Badge mark="held">{t('nc.is_held')}</Badge> : NO_DATA) },
    { id: 'place', header: t('nc.place'), cell: (one) => placeOf(page, one.lot_id) ?? t('nc.no_place') },
    { id: 'disposition', header: t('field.disposition'), cell: (one) => <DispositionBadge disposition={one.disposition} /> },
    { id: 'rework', header: t('nc.rework_left'), cell: (one) => left(one.lot_id).join(' → ') || NO_DATA },
  ];
  return (
    <DataTable
      label={t('nc.lots')}
      columns={columns}
      rows={page.lots}
      rowKey={(one) => one.lot_id}
      rowLink={(one) => `/lots/${encodeURIComponent(one.lot_id)}`}
    />
  );
}

function Causes({ page, readAt }: { page: NcPage; readAt: number }) {
  const { t } = useI18n();
  const causes = page.entries.filter((entry) => entry.kind === 'cause').toReversed();
  if (causes.length === 0) return <None readAt={readAt} />;
  return (
    <ul>
      {causes.map(({ entered_at: at, person, body }) => (
        <li key={at}>
          <strong>{t(`nc.cause_of.${body['cause_of'] as 'material'}`)}</strong>: {String(body['cause'])} ({String(body['method'])}, {person})
        </li>
      ))}
    </ul>
  );
}

/** What a person said, in the words of the record: the longest text of it. */
function saidIn(entry: NcEntry): string {
  const { reason, cause, evidence, what, outcome, action_id: action } = entry.body;
  return [action, what, reason, cause, evidence, outcome].filter((text) => typeof text === 'string' && text !== '').join(': ');
}

function EntryTable({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const columns: Column<NcEntry>[] = [
    { id: 'at', header: t('sign.at'), cell: (entry) => <Instant at={entry.entered_at} withYear /> },
    { id: 'kind', header: t('field.kind'), cell: (entry) => t(`nc.entry.${entry.kind as 'cause'}`) },
    { id: 'person', header: t('spc.person'), cell: (entry) => entry.person },
    { id: 'what', header: t('nc.said'), cell: saidIn },
  ];
  return (
    <DataTable
      dense
      label={t('nc.entries')}
      columns={columns}
      rows={page.entries}
      rowKey={(entry) => `${entry.entered_at} ${entry.kind}`}
    />
  );
}
