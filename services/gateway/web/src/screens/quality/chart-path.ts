/** The address of a control chart and one of its series. */
export const chartPath = (chartId: string, series: string): string =>
  `/charts/${encodeURIComponent(chartId)}?series=${encodeURIComponent(series)}`;
