/** English texts of the trust list. */
export const trust = {
  'trust.title': 'OPC UA certificates',
  'trust.explain':
    'PLCs and machines show a certificate. Unknown ones wait here: compare the fingerprint with the one at the PLC or machine, then accept it.',
  'trust.state': 'State',
  'trust.trusted': 'Trusted',
  'trust.quarantined': 'Waits',
  'trust.user': 'User or machine',
  'trust.subject': 'Subject',
  'trust.uri': 'Application',
  'trust.fingerprint': 'Fingerprint',
  'trust.until': 'Valid until',
  'trust.decide': 'Decide',
  'trust.accept': 'Accept',
  'trust.reject': 'Reject',
};
