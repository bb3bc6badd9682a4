import { Link, useParams } from 'react-router';
import { useCell } from '../../api/queries';
import { GenealogyPanel } from '../../genealogy/GenealogyPanel';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { isMissing, MissingNotice, NotRead } from '../../parts/Missing';
import { Panel } from '../../ui/Panel';
import { CcdView } from './CcdView';
import { CellHead } from './CellHead';
import './CellScreen.css';
import { ExposureState } from './ExposureState';
import { FormationView } from './FormationView';
import { GateTable } from './GateTable';
import { ImpedanceView } from './ImpedanceView';
import { OperationTable } from './OperationTable';
import { SectionBar } from './SectionBar';
import { SprayView } from './SprayView';
import { TimeLimitTable } from './TimeLimitTable';

/** The whole life of one cell on one page. */
export default function CellScreen() {
  const { t } = useI18n();
  const { cellId = '' } = useParams();
  const query = useCell(cellId);
  return (
    <div className="screen">
      <BackToSearch to="/cells" title={t('cell.title', { id: cellId })}>
        <Link to={`/cells/${encodeURIComponent(cellId)}/history`}>{t('history.link')}</Link>
        <Link to={`/compare?cell=${encodeURIComponent(cellId)}`}>{t('compare.link')}</Link>
      </BackToSearch>
      <DataView query={query} live>
        {(record, readAt) => (
          <>
            <MissingNotice record={record} />
            {record.cell === null ? <NotRead /> : <CellHead cell={record.cell} />}
            <SectionBar without={record.ccd === null ? 'ccd' : null} />
            <Panel title={t('cell.operations')} id="operations">
              {record.operations === null ? (
                <NotRead />
              ) : (
                <OperationTable operations={record.operations} readAt={readAt} />
              )}
            </Panel>
            <Panel title={t('cell.time_limits')} id="time_limits">
              {record.time_limits === null ? (
                <NotRead />
              ) : (
                <TimeLimitTable limits={record.time_limits} readAt={readAt} />
              )}
            </Panel>
            <Panel title={t('cell.exposure')} id="exposure">
              {isMissing(record, 'exposure') ? (
                <NotRead />
              ) : (
                <ExposureState exposure={record.exposure} readAt={readAt} />
              )}
            </Panel>
            <Panel title={t('cell.gates')} id="gates">
              {record.gates === null ? <NotRead /> : <GateTable gates={record.gates} readAt={readAt} />}
            </Panel>
            <SprayView cellId={cellId} />
            <FormationView formation={record.formation} missing={isMissing(record, 'formation')} curveMissing={isMissing(record, 'curve')} readAt={readAt} />
            <ImpedanceView spectrum={record.spectrum} missing={isMissing(record, 'spectrum')} readAt={readAt} />
            {record.ccd !== null && <CcdView ccd={record.ccd} formation={record.formation} />}
            <GenealogyPanel genealogy={record.genealogy} lotId={cellId} readAt={readAt} id="genealogy" />
          </>
        )}
      </DataView>
    </div>
  );
}
