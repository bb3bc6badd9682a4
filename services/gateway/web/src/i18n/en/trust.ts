/** English texts of the trust list. */
export const trust = {
  'trust.title': 'OPC UA certificates',
  'trust.explain':
    'PLCs enter with a certificate. Unknown ones wait here: compare the fingerprint with the one the PLC shows, then accept it as its user.',
  'trust.state': 'State',
  'trust.trusted': 'Trusted',
  'trust.quarantined': 'Waits',
  'trust.user': 'User',
  'trust.subject': 'Subject',
  'trust.uri': 'Application',
  'trust.fingerprint': 'Fingerprint',
  'trust.until': 'Valid until',
  'trust.decide': 'Decide',
  'trust.accept': 'Accept',
  'trust.reject': 'Reject',
};
