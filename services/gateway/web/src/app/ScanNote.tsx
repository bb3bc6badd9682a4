import { useEffect, useState } from 'react';
import { useI18n } from '../i18n/I18nProvider';
import { useNewestScan } from '../scanner/ScannerProvider';
import { Mark } from '../ui/Mark';
import './ScanNote.css';

const SHOWN_MS = 20_000;

/** What the scanner was understood to say, for a while. */
export function ScanNote() {
  const { t } = useI18n();
  const newest = useNewestScan();
  const [over, setOver] = useState(0);
  useEffect(() => {
    if (newest === null) return undefined;
    const timer = window.setTimeout(() => setOver(newest.number), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [newest]);
  return (
    <div className="scan-note" role="status">
      {newest !== null && newest.number !== over && (
        <span key={newest.number} className="scan-note-words">
          <Mark kind="good" /> {t('frame.scanned', { code: newest.code })}
        </span>
      )}
    </div>
  );
}
