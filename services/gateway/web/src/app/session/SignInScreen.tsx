import { useState, type ReactNode } from 'react';
import { OPENID_WAY, useOpenId, useSignIn } from '../../api/session';
import { useI18n } from '../../i18n/I18nProvider';
import { Button } from '../../ui/Button';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import { EntranceForm } from './EntranceForm';

/** The ways in: a password, a badge at a panel, and the site's own provider where there is one. */
export function SignInScreen() {
  const { t } = useI18n();
  const [byBadge, setByBadge] = useState(false);
  const openId = useOpenId();
  const openIdName = openId.data ?? null;
  const Form = byBadge ? BadgeForm : PasswordForm;
  return (
    <Form>
      <Button onPress={() => setByBadge(!byBadge)}>{t(byBadge ? 'session.by_password' : 'session.by_badge')}</Button>
      {openIdName !== null && (
        <Button onPress={() => window.location.assign(OPENID_WAY)}>{t('session.by_openid', { name: openIdName })}</Button>
      )}
    </Form>
  );
}

function PasswordForm({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useSignIn();
  return (
    <EntranceForm title={t('session.sign_in')} error={signIn.error} onSubmit={() => signIn.mutate({ login, password })}>
      <TextField label={t('session.login')} value={login} onChange={setLogin} autoComplete="username" autoFocus />
      <TextField
        label={t('session.password')}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        secret
      />
      <SubmitButton busy={signIn.isPending}>{t('session.sign_in')}</SubmitButton>
      {children}
    </EntranceForm>
  );
}

/** A reader types the badge like a keyboard and ends with Enter, which moves on to the PIN. */
function BadgeForm({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const [badge, setBadge] = useState('');
  const [pin, setPin] = useState('');
  const [wantsPin, setWantsPin] = useState(false);
  const signIn = useSignIn();
  const send = () => {
    if (pin === '') setWantsPin(true);
    else signIn.mutate({ badge, pin }, { onError: () => setPin('') });
  };
  return (
    <EntranceForm title={t('session.sign_in')} note={t('session.badge_note')} error={signIn.error} onSubmit={send}>
      <TextField label={t('session.badge')} value={badge} onChange={setBadge} autoComplete="off" autoFocus secret />
      <TextField
        key={wantsPin ? 'wanted' : 'pin'}
        label={t('session.pin')}
        value={pin}
        onChange={setPin}
        autoComplete="off"
        autoFocus={wantsPin}
        secret
      />
      <SubmitButton busy={signIn.isPending}>{t('session.sign_in')}</SubmitButton>
      {children}
    </EntranceForm>
  );
}
