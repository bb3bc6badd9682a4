/** Chinese texts of services and the wallboard. */
export const services = {
  'services.title': '服务',
  'services.explain': '未就绪或延迟的服务可能尚有报警和响应未到；不会丢失任何内容。',
  'services.service': '服务',
  'services.state': '状态',
  'services.ready': '就绪',
  'services.not_ready': '未就绪',
  'services.late': '延迟',
  'services.oldest': '最早事件等待',
  'services.behind': '未读事件',
  'services.aside': '已搁置',
  'wallboard.no_alarms': '无活动报警',
  'wallboard.graded': '已分级 {graded}／{quantity}，扣留 {held}',
  'nav.services': '服务',
  'nav.wallboard': '看板',
};
