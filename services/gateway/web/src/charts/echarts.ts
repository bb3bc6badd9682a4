/** The parts of ECharts that the app draws with; nothing else of it is in the bundle. */
import { GraphChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([GraphChart, LineChart, ScatterChart, GridComponent, TooltipComponent, CanvasRenderer]);

export { init };
export type { EChartsCoreOption, EChartsType } from 'echarts/core';
