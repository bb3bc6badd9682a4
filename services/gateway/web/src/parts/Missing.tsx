/** The partial state of a page: some services gave their part, some did not. */
import type { PartialRecord, PartName } from '../api/types';
import type { MessageKey } from '../i18n/en';
import { useI18n } from '../i18n/I18nProvider';
import { Mark } from '../ui/Mark';
import { Notice } from '../ui/Notice';
import './Missing.css';

const TITLES: Record<PartName, readonly MessageKey[]> = {
  cell: ['cell.state', 'cell.operations', 'cell.time_limits'],
  genealogy: ['cell.genealogy'],
  gates: ['cell.gates'],
  exposure: ['cell.exposure'],
  spectrum: ['cell.spectrum'],
  formation: ['cell.formation'],
  curve: ['formation.curve'],
};

/** Part and reason of an entry of `missing`; an entry of another shape is all reason. */
function entryOf(entry: string): { part: string; reason: string } {
  const [, part = '', reason = entry] = /^(\w+): (.*)$/s.exec(entry) ?? [];
  return { part, reason };
}

export function isMissing(record: PartialRecord, name: PartName): boolean {
  return record.missing.some((entry) => entryOf(entry).part === name);
}

/** Names what could not be had, each with the reason, and that the rest stands. Nothing when the page is whole. */
export function MissingNotice({ record }: { record: PartialRecord }) {
  const { t } = useI18n();
  if (record.missing.length === 0) return null;
  const titleOf = (part: string) =>
    (TITLES as Record<string, readonly MessageKey[]>)[part]?.map((key) => t(key)).join(', ') ?? part;
  return (
    <Notice mark="unknown">
      {t('data.partial')}
      <ul className="missing-parts">
        {record.missing.map((entry) => {
          const { part, reason } = entryOf(entry);
          return (
            <li key={entry}>
              <strong>{titleOf(part)}</strong>
              {part === '' ? reason : ` – ${reason}`}
            </li>
          );
        })}
      </ul>
    </Notice>
  );
}

/** Stands where a part would be: not known is not the same as none. */
export function NotRead() {
  const { t } = useI18n();
  return (
    <p className="not-read">
      <Mark kind="unknown" />
      {t('data.not_read')}
    </p>
  );
}
