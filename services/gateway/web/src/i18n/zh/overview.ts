/** Chinese (simplified) texts of the line overview. */
import type { overview as english } from '../en/overview';

export const overview: Record<keyof typeof english, string> = {
  'overview.requests': '工作请求',
  'overview.wip': '在制品',
  'overview.services_down': '无应答：{services}。其数据可能已过时。',
  'overview.events_wait': '{services} 中的事件已等待 {age}。没有丢失；消息代理恢复后会继续。',
  'overview.set_aside': '被搁置的事件：{count}。有服务无法处理。',
  'overview.to_set_aside': '查看',
  'overview.stale_for': '已 {age} 无数据',
  'overview.no_job': '无工单',
  'overview.progress': '工单进度',

  'request.graded': '已分级 {graded} / {quantity}',
  'request.held': '{count} 扣留',
  'request.scrapped': '{count} 报废',
  'request.cancelled': '{count} 已取消',
  'request.closed': '已提前关闭',
  'request.close': '提前关闭',
  'request.close_which': '提前关闭 {request}',
  'request.close_note': '此后不再开始任何工序；等待工站的工单将取消，正在运行的将完成。粉末和电解质片留在库存中。此操作无法撤销。',
  'request.close_reason': '原因',
  'request.under_way': '在制电芯',
  'request.under_way.finish': '继续完成',
  'request.under_way.hold': '扣留待定',
  'request.close_now': '确认关闭',
  'request.keep_open': '保持打开',

  'wip.operation': '工序',
  'wip.waiting': '等待',
  'wip.running': '运行',
  'wip.held': '扣留',
  'wip.ended': '完成',
};
