import { useEffect, useState } from 'react';
import { useI18n } from '../i18n/I18nProvider';
import { useLinkState, useLiveLink } from '../live/LiveProvider';
import { Mark } from '../ui/Mark';
import './LivePill.css';

/** Seconds since the last message of the plant, counted up while `counting`; null when there was none. */
function useSilence(counting: boolean): number | null {
  const link = useLiveLink();
  const [, count] = useState(0);
  useEffect(() => {
    if (!counting) return undefined;
    const timer = window.setInterval(() => count((beats) => beats + 1), 1_000);
    return () => window.clearInterval(timer);
  }, [counting]);
  return link.lastMessageAt === null ? null : (performance.now() - link.lastMessageAt) / 1_000;
}

export function LivePill() {
  const { t, duration } = useI18n();
  const state = useLinkState();
  const silence = useSilence(state === 'stale');
  if (state !== 'stale') {
    return <span className="live-pill">{t(state === 'live' ? 'link.live' : 'link.connecting')}</span>;
  }
  const age = silence === null ? '' : duration(silence);
  return (
    <span className="live-pill live-pill-stale" title={silence === null ? undefined : t('link.stale_hint', { age })}>
      <Mark kind="stale" />
      <span className="live-pill-text" role="status">
        {silence === null ? t('link.never') : t('link.stale', { age })}
      </span>
    </span>
  );
}
