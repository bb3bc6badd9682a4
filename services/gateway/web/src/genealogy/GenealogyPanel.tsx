import { lazy, Suspense, useMemo, useState } from 'react';
import type { Genealogy } from '../api/types';
import { useI18n } from '../i18n/I18nProvider';
import { NotRead } from '../parts/Missing';
import { None } from '../parts/None';
import { Button } from '../ui/Button';
import { Panel } from '../ui/Panel';
import { Skeleton } from '../ui/Skeleton';
import './GenealogyPanel.css';
import { GenealogyTable } from './GenealogyTable';
import { groupSiblings } from './grouping';

const GenealogyGraph = lazy(() => import('./GenealogyGraph'));

interface GenealogyPanelProps {
  /** Null when it could not be read. */
  genealogy: Genealogy | null;
  lotId: string;
  readAt: number;
  id?: string;
}

/** What was made from what: a graph with siblings folded, and the table of all lots below it. */
export function GenealogyPanel({ genealogy, ...rest }: GenealogyPanelProps) {
  const { t } = useI18n();
  if (genealogy !== null) return <KnownGenealogy genealogy={genealogy} {...rest} />;
  return (
    <Panel title={t('cell.genealogy')} id={rest.id}>
      <NotRead />
    </Panel>
  );
}

function KnownGenealogy({ genealogy, lotId, readAt, id }: GenealogyPanelProps & { genealogy: Genealogy }) {
  const { t } = useI18n();
  const [selected, setSelected] = useState<string | null>(null);
  const grouped = useMemo(() => groupSiblings(genealogy), [genealogy]);
  const group = grouped.groups.find((candidate) => candidate.id === selected);
  const lots = group?.lots ?? genealogy.nodes;
  const count = genealogy.nodes.length;
  return (
    <Panel title={t('cell.genealogy')} note={count === 0 ? undefined : t('genealogy.tap')} id={id}>
      {count === 0 ? (
        <None readAt={readAt} />
      ) : (
        <>
          <Suspense fallback={<Skeleton label={t('data.loading')} rows={4} />}>
            <GenealogyGraph genealogy={grouped} lotId={lotId} selected={selected} onSelect={setSelected} />
          </Suspense>
          {group !== undefined && (
            <div className="genealogy-selection">
              <span>{t('genealogy.filtered', { shown: lots.length, count })}</span>
              <Button onPress={() => setSelected(null)}>{t('genealogy.all', { count })}</Button>
            </div>
          )}
          <div className="genealogy-table">
            <GenealogyTable lots={lots} edges={genealogy.edges} lotId={lotId} />
          </div>
        </>
      )}
    </Panel>
  );
}
