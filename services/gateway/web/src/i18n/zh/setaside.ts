/** Chinese (simplified) texts of the set-aside events. */
import type { setAside as english } from '../en/setaside';

export const setAside: Record<keyof typeof english, string> = {
  'set_aside.title': '搁置的事件',
  'set_aside.explain': '某服务无法处理另一服务的这些事件。同一批次的后续事件在其后等待，其他事件照常继续。没有丢失：排除原因后请重试。',
  'set_aside.service': '服务',
  'set_aside.source': '来源',
  'set_aside.subject': '对象',
  'set_aside.type': '事件',
  'set_aside.error': '错误',
  'set_aside.attempts': '尝试次数',
  'set_aside.age': '已等待',
  'set_aside.retry': '重试',
  'set_aside.retrying': '正在重试…',
  'set_aside.failed': '未处理：{reason}',
  'set_aside.missing': '未能询问：{services}',
};
