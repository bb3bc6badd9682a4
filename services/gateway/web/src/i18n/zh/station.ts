/** Chinese (simplified) texts of the screen of one station. */
import type { station as english } from '../en/station';

export const station: Record<keyof typeof english, string> = {
  'station.unknown': '工厂没有工位 {id}。',
  'station.now': '工位当前作业',
  'station.jobs': '最新作业单',
  'station.job': '作业单',
  'station.more': '{id} 及另外 {others} 个',
  'station.began': '开始',
  'station.ended': '结束',
  'station.why': '原因',
  'station.paused': '已暂停',
  'station.pause': '暂停',
  'station.resume': '继续',
  'station.again': '重新开始',
  'station.stop': '结束',
  'station.abort': '中止',
  'station.no': '不，继续运行',
  'station.sure_stop': '现在按已完成的部分结束吗？',
  'station.sure_abort': '彻底放弃吗？',
  'station.pending': '{person} 要求{asked}：等待工位',
  'station.may_not': '您可以查看作业单，但不能暂停、结束或中止。',
  'station.offer': '工位提供的功能',
  'station.answers': '有应答',
  'station.silent': '无应答',
  'station.endpoint': '地址',
  'station.methods': '方法',
};
