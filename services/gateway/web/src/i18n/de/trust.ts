/** German texts of the trust list. */
import type { trust as english } from '../en/trust';

export const trust: Record<keyof typeof english, string> = {
  'trust.title': 'OPC-UA-Zertifikate',
  'trust.explain':
    'SPSen melden sich mit einem Zertifikat an. Unbekannte warten hier: den Fingerabdruck mit dem der SPS vergleichen, dann als deren Benutzer annehmen.',
  'trust.state': 'Zustand',
  'trust.trusted': 'Vertraut',
  'trust.quarantined': 'Wartet',
  'trust.user': 'Benutzer',
  'trust.subject': 'Inhaber',
  'trust.uri': 'Anwendung',
  'trust.fingerprint': 'Fingerabdruck',
  'trust.until': 'Gültig bis',
  'trust.decide': 'Entscheiden',
  'trust.accept': 'Annehmen',
  'trust.reject': 'Ablehnen',
};
