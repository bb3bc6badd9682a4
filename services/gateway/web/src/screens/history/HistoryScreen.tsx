import { iconPrint } from '@siemens/ix-icons/icons';
import { useParams } from 'react-router';
import { documentPath, useDeviceHistory, type Evidence, type OpenKind, type OpenPoint, type SignedHistory } from '../../api/history';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import type { MarkKind } from '../../ui/Mark';
import { Panel } from '../../ui/Panel';
import './HistoryScreen.css';
import { sectionsOf, type Line } from './sections';

const MARKS: Record<OpenKind, MarkKind> = { missing: 'unknown', unknown: 'unknown', held: 'held', open: 'near', broken: 'bad', unsealed: 'stale' };
const FILES = ['device-history.pdf', 'device-history', 'passport', 'passport.aasx', 'proof'] as const;
const SHOWN_EVENTS = 3;

/** A cell from raw lots to grade on one page: what is open first, then each fact with the events it stands on. */
export default function HistoryScreen() {
  const { t } = useI18n();
  const { cellId = '' } = useParams();
  return (
    <div className="screen history">
      <BackToSearch to={`/cells/${encodeURIComponent(cellId)}`} title={t('history.title', { id: cellId })} label={t('history.back')} />
      <DataView query={useDeviceHistory(cellId)}>{(signed, readAt) => <History signed={signed} readAt={readAt} />}</DataView>
    </div>
  );
}

function History({ signed, readAt }: { signed: SignedHistory; readAt: number }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { document } = signed;
  return (
    <>
      <Files lotId={document.lot_id} />
      <Head signed={signed} />
      <Panel title={t('history.open', { count: document.open_points.length })} id="open">
        {document.open_points.length === 0 ? <None readAt={readAt} /> : <OpenPoints points={document.open_points} />}
      </Panel>
      {sectionsOf(document, i18n).map(([name, lines]) => (
        <Panel key={name} title={t(`history.${name}`)} id={name}>
          {lines.length === 0 ? <None readAt={readAt} /> : <Lines title={t(`history.${name}`)} lines={lines} />}
        </Panel>
      ))}
    </>
  );
}

/** The signed files, and the page itself on paper. */
function Files({ lotId }: { lotId: string }) {
  const { t } = useI18n();
  return (
    <div className="history-files">
      <Button icon={iconPrint} onPress={() => window.print()}>
        {t('history.print')}
      </Button>
      {FILES.map((name) => (
        <a key={name} href={documentPath(lotId, name)} download={`${lotId}.${name.includes('.') ? name : `${name}.json`}`}>
          {t(`history.file_${name}`)}
        </a>
      ))}
    </div>
  );
}

function Head({ signed: { document, key_id } }: { signed: SignedHistory }) {
  const { t } = useI18n();
  const { identity, record } = document;
  return (
    <Facts
      facts={[
        { name: t('field.product'), value: identity.product_id ?? NO_DATA },
        { name: t('field.work_request'), value: identity.work_request_id ?? NO_DATA },
        { name: t('history.order_number'), value: identity.order_number ?? NO_DATA },
        { name: t('history.completed'), value: <Instant at={document.completed?.completed_at ?? null} withYear /> },
        { name: t('history.asked'), value: <Instant at={document.asked_at} withYear /> },
        { name: t('history.stands_on'), value: t('history.events', { count: record.event_count, unsealed: record.unsealed_count }) },
        { name: t('history.key'), value: <span className="history-key">{key_id}</span> },
      ]}
    />
  );
}

function OpenPoints({ points }: { points: readonly OpenPoint[] }) {
  const { t } = useI18n();
  const columns: Column<OpenPoint>[] = [
    { id: 'kind', header: t('history.kind'), cell: ({ kind }) => <Badge mark={MARKS[kind]}>{t(`history.kind_${kind}`)}</Badge> },
    { id: 'about', header: t('history.of'), cell: ({ about }) => <span className="history-text">{about}</span> },
    { id: 'text', header: t('history.says'), cell: ({ text }) => <span className="history-text">{text}</span> },
    { id: 'evidence', header: t('history.evidence'), cell: ({ evidence }) => <Events evidence={evidence} /> },
  ];
  return <DataTable label={t('history.open', { count: points.length })} columns={columns} rows={points} rowKey={({ kind, about, text }) => `${kind} ${about} ${text}`} />;
}

function Lines({ title, lines }: { title: string; lines: readonly Line[] }) {
  const { t } = useI18n();
  const columns: Column<Line>[] = [
    { id: 'what', header: t('history.what'), cell: ({ what }) => what },
    { id: 'of', header: t('history.of'), cell: ({ of }) => <span className="history-text">{of}</span> },
    { id: 'says', header: t('history.says'), cell: ({ says }) => <span className="history-text">{says}</span> },
    { id: 'evidence', header: t('history.evidence'), cell: ({ evidence }) => <Events evidence={evidence} /> },
  ];
  return <DataTable label={title} columns={columns} rows={lines} rowKey={({ what, of, says, evidence }) => `${what} ${of} ${says} ${evidence[0]?.event_id ?? ''}`} />;
}

/** Source and number of the first events; all ids stand in the signed file. */
function Events({ evidence }: { evidence: readonly Evidence[] }) {
  const { t } = useI18n();
  const once = [...new Map(evidence.map((one) => [one.event_id, one])).values()];
  if (once.length === 0) return NO_DATA;
  const shown = once.slice(0, SHOWN_EVENTS).map(({ source, sequence, seal_position }) => `${source} ${sequence}${seal_position === null ? ` (${t('history.kind_unsealed')})` : ''}`);
  const more = once.length > SHOWN_EVENTS ? ` +${once.length - SHOWN_EVENTS}` : '';
  return (
    <span className="history-events" title={once.map((one) => one.event_id).join('\n')}>
      {shown.join(', ') + more}
    </span>
  );
}
