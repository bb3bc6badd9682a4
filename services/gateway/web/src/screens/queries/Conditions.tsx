import { useState } from 'react';
import type { Question, View } from '../../api/records';
import { useI18n } from '../../i18n/I18nProvider';
import { Button } from '../../ui/Button';
import { Select } from '../../ui/Select';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';

interface ConditionsProps {
  views: readonly View[];
  operators: readonly string[];
  question: Question;
  onChange(question: Question): void;
}

/** Which table, which of its rows, in which order. Another table starts without conditions. */
export function Conditions({ views, operators, question, onChange }: ConditionsProps) {
  const { t } = useI18n();
  const columns = Object.keys(views.find(({ view }) => view === question.view)?.columns ?? {});
  const orders = [
    { value: '', label: t('queries.unordered') },
    ...columns.flatMap((column) => [
      { value: column, label: t('queries.rising', { column }) },
      { value: `-${column}`, label: t('queries.falling', { column }) },
    ]),
  ];
  return (
    <>
      <div className="queries-line">
        <Select
          label={t('queries.view')}
          options={views.map(({ view }) => ({ value: view, label: view }))}
          value={question.view}
          onChange={(view) => onChange({ ...question, view, columns: [], where: [], order_by: null })}
        />
        <Select
          label={t('queries.order')}
          options={orders}
          value={question.order_by ?? ''}
          onChange={(order) => onChange({ ...question, order_by: order === '' ? null : order })}
        />
        {question.where.map((condition) => (
          <Button
            key={condition}
            onPress={() => onChange({ ...question, where: question.where.filter((one) => one !== condition) })}
          >
            {t('queries.drop', { condition })}
          </Button>
        ))}
      </div>
      <NewCondition
        key={question.view}
        columns={columns}
        operators={operators}
        onAdd={(condition) => onChange({ ...question, where: [...new Set([...question.where, condition])] })}
      />
    </>
  );
}

interface NewConditionProps {
  columns: readonly string[];
  operators: readonly string[];
  onAdd(condition: string): void;
}

function NewCondition({ columns, operators, onAdd }: NewConditionProps) {
  const { t, word } = useI18n();
  const [column, setColumn] = useState(columns[0] ?? '');
  const [operator, setOperator] = useState('contains');
  const [value, setValue] = useState('');
  return (
    <form
      className="queries-line"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(`${column}:${operator}:${value}`);
        setValue('');
      }}
    >
      <Select
        label={t('queries.column')}
        options={columns.map((name) => ({ value: name, label: name }))}
        value={column}
        onChange={setColumn}
      />
      <Select
        label={t('queries.operator')}
        options={operators.map((name) => ({ value: name, label: word('compared', name) }))}
        value={operator}
        onChange={setOperator}
      />
      <TextField label={t('queries.value')} value={value} onChange={setValue} />
      <SubmitButton busy={false}>{t('queries.add')}</SubmitButton>
    </form>
  );
}
