import type { TestRunSummary } from '../../api/formation';
import { useI18n } from '../../i18n/I18nProvider';
import { Badge } from '../../ui/Badge';

/** How a test is or ended; one that our watch stopped says so. */
export function RunState({ run }: { run: TestRunSummary }) {
  const { word } = useI18n();
  const early = run.stop_reason !== null || run.state === 'stop' || run.state === 'protect';
  return <Badge mark={early ? 'bad' : null}>{word('test_state', run.state)}</Badge>;
}
