/** Chinese (simplified) texts of the trust list. */
import type { trust as english } from '../en/trust';

export const trust: Record<keyof typeof english, string> = {
  'trust.title': 'OPC UA 证书',
  'trust.explain': 'PLC 和设备都出示证书。未知证书在此等待：先与 PLC 或设备上显示的指纹比对，再接受。',
  'trust.state': '状态',
  'trust.trusted': '受信任',
  'trust.quarantined': '等待',
  'trust.user': '用户或设备',
  'trust.subject': '主体',
  'trust.uri': '应用',
  'trust.fingerprint': '指纹',
  'trust.until': '有效期至',
  'trust.decide': '处理',
  'trust.accept': '接受',
  'trust.reject': '拒绝',
};
