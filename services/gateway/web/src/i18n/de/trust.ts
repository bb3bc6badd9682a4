/** German texts of the trust list. */
import type { trust as english } from '../en/trust';

export const trust: Record<keyof typeof english, string> = {
  'trust.title': 'OPC-UA-Zertifikate',
  'trust.explain':
    'SPSen und Maschinen zeigen ein Zertifikat. Unbekannte warten hier: den Fingerabdruck mit dem an der SPS oder Maschine vergleichen, dann annehmen.',
  'trust.state': 'Zustand',
  'trust.trusted': 'Vertraut',
  'trust.quarantined': 'Wartet',
  'trust.user': 'Benutzer oder Maschine',
  'trust.subject': 'Inhaber',
  'trust.uri': 'Anwendung',
  'trust.fingerprint': 'Fingerabdruck',
  'trust.until': 'Gültig bis',
  'trust.decide': 'Entscheiden',
  'trust.accept': 'Annehmen',
  'trust.reject': 'Ablehnen',
};
