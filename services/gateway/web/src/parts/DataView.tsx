import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { plantTimeAt } from '../live/plant-clock';
import { useLinkState, usePlantInstant } from '../live/LiveProvider';
import { useI18n } from '../i18n/I18nProvider';
import { Notice } from '../ui/Notice';
import { Skeleton } from '../ui/Skeleton';
import { ErrorNote } from './ErrorNote';
import { reasonOf } from './reason-of';
import './DataView.css';

interface DataViewProps<Answer> {
  query: UseQueryResult<Answer>;
  /** True when the live link feeds this query: its values are struck while the link is not live. */
  live?: boolean;
  children(answer: Answer, readAt: number): ReactNode;
}

/** Loading, error, stale or shown: every screen says which of the four it is. */
export function DataView<Answer>({ query, live = false, children }: DataViewProps<Answer>) {
  const i18n = useI18n();
  const { t, time } = i18n;
  const linkState = useLinkState();
  const now = usePlantInstant();
  const { data, error, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    return error === null ? (
      <Skeleton label={t('data.loading')} />
    ) : (
      <ErrorNote error={error} onRetry={() => void refetch()} />
    );
  }
  const stale = error !== null || (live && linkState === 'stale');
  return (
    <div className={stale ? 'data-view is-stale' : 'data-view'}>
      {error !== null && (
        <Notice mark="stale">
          {t('data.old', { reason: reasonOf(error, i18n), time: time(plantTimeAt(now, dataUpdatedAt)) })}
        </Notice>
      )}
      {children(data, dataUpdatedAt)}
    </div>
  );
}
