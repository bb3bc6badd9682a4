import { useEndQuery, useSavedQueries, type Question, type SavedQuery } from '../../api/records';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Refusal } from '../../parts/Refusal';
import { Button } from '../../ui/Button';
import { Panel } from '../../ui/Panel';

/** What somebody saved before; a press asks it again. */
export function SavedQueries({ onOpen }: { onOpen(question: Question): void }) {
  const { t } = useI18n();
  return (
    <Panel title={t('queries.saved')}>
      <DataView query={useSavedQueries()}>
        {({ items }) =>
          items.length === 0 ? (
            <p>{t('queries.none')}</p>
          ) : (
            <ul className="queries-saved">
              {items.map((query) => (
                <SavedLine key={query.query_id} query={query} onOpen={onOpen} />
              ))}
            </ul>
          )
        }
      </DataView>
    </Panel>
  );
}

function SavedLine({ query, onOpen }: { query: SavedQuery; onOpen(question: Question): void }) {
  const { t } = useI18n();
  const end = useEndQuery();
  return (
    <li className="queries-line">
      <Button onPress={() => onOpen(query.question)}>{query.name}</Button>
      <span>
        {t('queries.by')} {query.person}
      </span>
      <Button busy={end.isPending} onPress={() => end.mutate(query.query_id)}>
        {t('queries.remove')}
      </Button>
      <Refusal error={end.error} />
    </li>
  );
}
