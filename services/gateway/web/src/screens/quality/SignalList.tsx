import { useState } from 'react';
import { Link } from 'react-router';
import { CALLER, useQualityCommand, type ChartSignal } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { Instant } from '../../parts/Instant';
import { Button } from '../../ui/Button';
import { Mark } from '../../ui/Mark';
import { TextField } from '../../ui/TextField';
import { chartPath } from './chart-path';
import './quality.css';

/** Points that are no chance, each with what it broke, its action plan, and the way to close it with cause and action. */
export function SignalList({ signals }: { signals: readonly ChartSignal[] }) {
  return (
    <ul className="signals">
      {signals.map((signal) => (
        <li key={signal.signal_id} className="signal">
          <Signal signal={signal} />
        </li>
      ))}
    </ul>
  );
}

function Signal({ signal }: { signal: ChartSignal }) {
  const { t, number, word } = useI18n();
  const { permissions } = useCaller();
  const [answering, setAnswering] = useState(false);
  const unit = unitLabel(signal.unit);
  return (
    <section aria-label={t('spc.signal_of', { chart: signal.chart_id, number: signal.number })}>
      <p>
        <Mark kind={signal.closed_at === null ? 'near' : 'good'} />{' '}
        <Link to={chartPath(signal.chart_id, signal.series)}>
          <strong>{t('spc.signal_of', { chart: signal.chart_id, number: signal.number })}</strong>
        </Link>{' '}
        {word('characteristic', signal.characteristic)} {number(signal.value)} {unit} ({number(signal.low)} – {number(signal.high)}),{' '}
        {t('spc.newest_lot', { lot: signal.lot_id })}, <Instant at={signal.raised_at} withYear />
      </p>
      <p>{signal.rules.map((rule) => t(`spc.rule.${rule as 'limits'}`)).join('; ')}</p>
      {signal.closed_at === null ? (
        <>
          <h3>{t('spc.plan')}</h3>
          <ol>
            {signal.action_plan.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
          {permissions.includes('decide') && !answering && <Button onPress={() => setAnswering(true)}>{t('spc.answer')}</Button>}
          {!permissions.includes('decide') && <p>{t('quality.needs_decide')}</p>}
          {answering && <AnswerForm signal={signal} />}
        </>
      ) : (
        <p>{t('spc.answered', { person: signal.person ?? '', cause: signal.cause ?? '', action: signal.action ?? '' })}</p>
      )}
    </section>
  );
}

function AnswerForm({ signal }: { signal: ChartSignal }) {
  const { t } = useI18n();
  const [cause, setCause] = useState('');
  const [action, setAction] = useState('');
  const { send, mutation } = useQualityCommand(() => undefined);
  return (
    <CommandForm
      title={t('spc.answer')}
      submit={t('spc.close')}
      mutation={mutation}
      onSubmit={() => send(`/chart-signals/${encodeURIComponent(signal.signal_id)}/answers`, { ...CALLER, cause, action })}
    >
      <TextField label={t('spc.cause')} value={cause} onChange={setCause} />
      <TextField label={t('spc.action')} value={action} onChange={setAction} />
    </CommandForm>
  );
}
