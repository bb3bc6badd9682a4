import { Link, useParams } from 'react-router';
import { useGatePage, type Gate, type GatePage } from '../../api/quality';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { EvidencePanel } from './EvidencePanel';
import { JudgeAgainForm } from './JudgeAgainForm';
import { ReleasePanel } from './ReleasePanel';
import { ValueTable } from './ValueTable';
import { WaiverPanel } from './WaiverPanel';
import './quality.css';

/** One ended job order at its gates: values and limits, evidence, decision, and what people may do about it. */
export default function GateScreen() {
  const { t } = useI18n();
  const { jobOrderId = '' } = useParams();
  const query = useGatePage(jobOrderId);
  return (
    <div className="screen">
      <BackToSearch to="/gates" title={t('gates.of', { id: jobOrderId })} label={t('gates.back')} />
      <DataView query={query}>
        {(page, readAt) => (
          <>
            {!page.decided && <Notice mark="held">{t('gates.waits_for', { reason: page.waits ?? t('gates.being_judged') })}</Notice>}
            <PassageFacts page={page} />
            {page.gates.length === 0 && <None readAt={readAt} />}
            {page.gates.map((gate) => (
              <GatePanel key={gate.gate} gate={gate} />
            ))}
            <ReleasePanel page={page} />
            <EvidencePanel page={page} readAt={readAt} />
            <RaisedPanel page={page} readAt={readAt} />
            <WaiverPanel page={page} readAt={readAt} />
            <JudgeAgainForm page={page} />
          </>
        )}
      </DataView>
    </div>
  );
}

function PassageFacts({ page }: { page: GatePage }) {
  const { t, word } = useI18n();
  return (
    <Facts
      facts={[
        { name: t('gates.lot'), value: <Link to={`/lots/${encodeURIComponent(page.lot_id)}`}>{page.lot_id}</Link> },
        { name: t('gates.product'), value: page.product_id },
        { name: t('gates.operation'), value: word('operation', page.operation) },
        { name: t('gates.station'), value: page.equipment_id ?? NO_DATA },
        { name: t('field.work_request'), value: page.work_request_id },
        { name: t('spray.ended'), value: <Instant at={page.ended_at} withYear /> },
      ]}
    />
  );
}

function GatePanel({ gate }: { gate: Gate }) {
  const { t, word } = useI18n();
  const version = gate.specification?.version ?? gate.results[0]?.specification_version;
  return (
    <Panel title={word('gate_name', gate.gate)} note={version === undefined ? undefined : t('gates.version', { version })}>
      {gate.decisions.length === 0 && <DispositionBadge disposition={null} />}
      {gate.decisions.map((one) => (
        <div key={one.lot_id} className="gate-decision">
          <DispositionBadge disposition={one.disposition} /> <strong>{one.lot_id}</strong>: <Said of={one.reason} recorded />
        </div>
      ))}
      {gate.results.length > 0 && <ValueTable gate={gate} />}
    </Panel>
  );
}

function RaisedPanel({ page, readAt }: { page: GatePage; readAt: number }) {
  const { t, word } = useI18n();
  type Raised = GatePage['nonconformances'][number];
  const columns: Column<Raised>[] = [
    { id: 'id', header: t('nc.one'), cell: (one) => one.nonconformance_id },
    { id: 'gate', header: t('gate.gate'), cell: (one) => word('gate_name', one.gate) },
    { id: 'state', header: t('field.state'), cell: (one) => t(`nc.state.${one.state}`) },
    { id: 'what', header: t('nc.description'), cell: (one) => one.description },
  ];
  return (
    <Panel title={t('gates.raised')} note={t('gates.raised_note')}>
      {page.nonconformances.length === 0 ? (
        <None readAt={readAt} />
      ) : (
        <DataTable
          label={t('gates.raised')}
          columns={columns}
          rows={page.nonconformances}
          rowKey={(one) => one.nonconformance_id}
          rowLink={(one) => `/nonconformances/${encodeURIComponent(one.nonconformance_id)}`}
        />
      )}
    </Panel>
  );
}
