import { useState } from 'react';
import { auditFile, useAudit, type Act, type AuditFilter, type Change } from '../../api/audit';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DateField } from '../../parts/DateField';
import { ErrorNote } from '../../parts/ErrorNote';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Skeleton } from '../../ui/Skeleton';
import { TextField } from '../../ui/TextField';
import { useSettled } from '../search/useFilter';
import './audit.css';

const EVERYTHING: AuditFilter = { person: '', object: '', since: '', until: '' };

/** Who did what when, from the record: by person, object and day, with what was there before. */
export default function AuditScreen() {
  const { t } = useI18n();
  const [filter, setFilter] = useState(EVERYTHING);
  const set = (change: Partial<AuditFilter>) => setFilter((before) => ({ ...before, ...change }));
  const person = useSettled(filter.person);
  const object = useSettled(filter.object);
  const asked = { ...filter, person, object };
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.audit')} />
      <div className="audit-filter">
        <TextField label={t('audit.person')} value={filter.person} onChange={(value) => set({ person: value })} />
        <TextField label={t('audit.object')} value={filter.object} onChange={(value) => set({ object: value })} />
        <DateField label={t('audit.since')} value={filter.since} onChange={(value) => set({ since: value })} required={false} />
        <DateField label={t('audit.until')} value={filter.until} onChange={(value) => set({ until: value })} required={false} />
        <a className="audit-file" href={auditFile(asked)} download="audit.csv">
          {t('audit.file')}
        </a>
      </div>
      <Acts filter={asked} />
    </div>
  );
}

function Acts({ filter }: { filter: AuditFilter }) {
  const { t } = useI18n();
  const { data, error, refetch, dataUpdatedAt, hasNextPage, fetchNextPage, isFetchingNextPage } = useAudit(filter);
  if (error !== null) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton label={t('data.loading')} />;
  const acts = data.pages.flatMap(({ items }) => items);
  if (acts.length === 0) return <None readAt={dataUpdatedAt} />;
  return (
    <>
      <ActTable acts={acts} />
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onPress={() => void fetchNextPage()}>
          {t('audit.more')}
        </Button>
      )}
    </>
  );
}

function ActTable({ acts }: { acts: readonly Act[] }) {
  const { t, word } = useI18n();
  const columns: Column<Act>[] = [
    { id: 'at', header: t('audit.at'), cell: (act) => <Instant at={act.at} withYear /> },
    { id: 'person', header: t('audit.person'), cell: (act) => act.persons.join(', ') },
    { id: 'act', header: t('audit.act'), cell: (act) => word('act', act.act) },
    { id: 'object', header: t('audit.object'), cell: (act) => <span className="audit-words">{act.object}</span> },
    { id: 'reason', header: t('audit.reason'), cell: (act) => <span className="audit-words"><Said of={act.reason} otherwise={NO_DATA} /></span> },
    { id: 'changes', header: t('audit.changes'), cell: (act) => <Changes changes={act.changes} /> },
    {
      id: 'sealed',
      header: t('audit.sealed'),
      cell: (act) =>
        act.is_sealed ? (
          t('audit.yes')
        ) : (
          <>
            <Mark kind="near" /> {t('audit.not_yet')}
          </>
        ),
    },
  ];
  return <DataTable dense label={t('audit.title')} columns={columns} rows={acts} rowKey={(act) => act.event_id} />;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function Changes({ changes }: { changes: Record<string, Change> }) {
  const { t } = useI18n();
  const entries = Object.entries(changes);
  if (entries.length === 0) return <>{NO_DATA}</>;
  return (
    <details className="audit-words">
      <summary>{t('audit.fields', { count: entries.length })}</summary>
      <ul>
        {entries.map(([name, { before, after }]) => (
          <li key={name}>
            {name}: {before === undefined ? '' : `${textOf(before)} → `}
            {textOf(after)}
          </li>
        ))}
      </ul>
    </details>
  );
}
