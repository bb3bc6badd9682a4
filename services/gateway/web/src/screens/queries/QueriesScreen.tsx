import { useState } from 'react';
import { rowsAddress, useRows, useSaveQuery, useViews, type Question, type Row, type View } from '../../api/records';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Refusal } from '../../parts/Refusal';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import { SearchTabs } from '../search/SearchTabs';
import { Conditions } from './Conditions';
import { SavedQueries } from './SavedQueries';
import './QueriesScreen.css';

const ROWS_SHOWN = 500;
const ROWS_IN_A_FILE = 100_000;

export function questionOn(view: string): Question {
  return { view, columns: [], where: [], order_by: null, limit: ROWS_SHOWN };
}

/** The record as tables: choose one, say which rows, keep the question for everybody or the rows as a file. */
export default function QueriesScreen() {
  const { t } = useI18n();
  const [question, setQuestion] = useState(() => questionOn('lot'));
  const views = useViews();
  return (
    <div className="screen">
      <SearchTabs />
      <p>{t('queries.note')}</p>
      <SavedQueries onOpen={setQuestion} />
      <DataView query={views}>
        {({ items, operators }) => (
          <>
            <Panel title={t('queries.view')}>
              <Conditions views={items} operators={operators} question={question} onChange={setQuestion} />
              <SaveQuery question={question} />
            </Panel>
            <Rows question={question} view={items.find(({ view }) => view === question.view)} />
          </>
        )}
      </DataView>
    </div>
  );
}

function SaveQuery({ question }: { question: Question }) {
  const { t } = useI18n();
  const [name, setName] = useState('');
  const save = useSaveQuery(() => setName(''));
  return (
    <form
      className="queries-line"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ ...question, name });
      }}
    >
      <TextField label={t('queries.name')} value={name} onChange={setName} />
      <SubmitButton busy={save.isPending}>{t('queries.save')}</SubmitButton>
      <a className="queries-file" href={rowsAddress({ ...question, limit: ROWS_IN_A_FILE }, 'csv')} download>
        {t('queries.csv')}
      </a>
      <Refusal error={save.error} />
    </form>
  );
}

function Rows({ question, view }: { question: Question; view: View | undefined }) {
  const rows = useRows(question);
  return (
    <DataView query={rows}>
      {({ items }, readAt) =>
        items.length === 0 || view === undefined ? (
          <None readAt={readAt} />
        ) : (
          <RowTable rows={items} view={view} question={question} />
        )
      }
    </DataView>
  );
}

function RowTable({ rows, view, question }: { rows: readonly Row[]; view: View; question: Question }) {
  const { t } = useI18n();
  const cell = useCellText();
  const names = question.columns.length > 0 ? question.columns : Object.keys(view.columns);
  const numbered = rows.map((row, index) => ({ row, key: String(index) }));
  const columns: Column<(typeof numbered)[number]>[] = names.map((name) => ({
    id: name,
    header: name,
    cell: ({ row }) => cell(row[name], view.columns[name]),
    ...(view.columns[name] === 'number' ? { align: 'right' as const } : {}),
  }));
  const count = rows.length;
  return (
    <Panel title={view.view} note={t(count < question.limit ? 'queries.rows' : 'queries.most', { count })}>
      <DataTable label={view.view} columns={columns} rows={numbered} rowKey={({ key }) => key} dense />
    </Panel>
  );
}

function useCellText() {
  const { t, dateTime } = useI18n();
  return (value: unknown, kind: string | undefined): string => {
    if (value === null || value === undefined) return NO_DATA;
    if (typeof value === 'boolean') return t(value ? 'queries.yes' : 'queries.no');
    if (typeof value === 'string') return kind === 'time' ? dateTime(Date.parse(value)) : value;
    return JSON.stringify(value);
  };
}
