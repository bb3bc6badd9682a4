import { Link } from 'react-router';
import type { GatePage } from '../../api/quality';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';

const TESTED = ['formation', 'ccd', 'grading'];

/** What the values rest on: curves, the device history, and the files as their instruments wrote them. */
export function EvidencePanel({ page, readAt }: { page: GatePage; readAt: number }) {
  const { t } = useI18n();
  type File = GatePage['files'][number];
  const lot = encodeURIComponent(page.lot_id);
  const columns: Column<File>[] = [
    { id: 'name', header: t('gates.file'), cell: (file) => <FileLink file={file} /> },
    { id: 'lot', header: t('gates.lot'), cell: (file) => file.lot_id },
    { id: 'at', header: t('spray.measured_at'), cell: (file) => <Instant at={file.measured_at} withYear /> },
    { id: 'model', header: t('gates.model'), cell: (file) => file.model_version ?? NO_DATA },
    { id: 'hash', header: t('sign.hash'), cell: (file) => <code>{file.sha256?.slice(0, 12) ?? NO_DATA}</code> },
  ];
  return (
    <Panel title={t('gates.evidence')}>
      <ul className="evidence-links">
        <li>
          <Link to={`/cells/${lot}`}>{t('gates.curves')}</Link>
        </li>
        <li>
          <Link to={`/cells/${lot}/history`}>{t('gates.history')}</Link>
        </li>
        {TESTED.includes(page.operation) && (
          <li>
            <Link to={`/racks/tests/${encodeURIComponent(page.job_order_id)}`}>{t('gates.test')}</Link>
          </li>
        )}
      </ul>
      {page.files.length === 0 ? (
        <None readAt={readAt} />
      ) : (
        <DataTable dense label={t('gates.evidence')} columns={columns} rows={page.files} rowKey={(file) => file.spectrum_id} />
      )}
    </Panel>
  );
}

function FileLink({ file }: { file: GatePage['files'][number] }) {
  if (file.sha256 === null) return <span>{file.name}</span>;
  return (
    <a href={`/api/quality/evidence/${file.sha256}`} download={file.name}>
      {file.name}
    </a>
  );
}
