/** A rate week by week, a line per machine; the week that is shown is marked. */

import { number, rate } from "../format.js";
import { t } from "../i18n.js";
import { chartPanel } from "./chart.js";
import { colours, font, seriesColour } from "./theme.js";

/** Lines are told apart by their marks as well as by their colours. */
const SYMBOLS = [
    "circle",
    "rect",
    "triangle",
    "diamond",
    "emptyCircle",
    "emptyRect",
    "emptyTriangle",
    "emptyDiamond",
];

/** `rows` have machine_id, iso_week, occupancy_rate; `weeks` are the weeks of the axis, `current` one of them. */
export function trendChart({
    rows,
    weeks,
    machines,
    current,
    title,
    note,
    className = "",
    open,
    height = 300,
}) {
    const rowOf = (machine, week) => rows.find((row) => row.machine_id === machine && row.iso_week === week);
    const label = (week) => t("unit.week_short", { week: Number(week.slice(-2)) });
    return chartPanel({
        name: "trend",
        title,
        note,
        className,
        height,
        summary: t("trend.summary", { n: weeks.length, machines: machines.join(", ") }),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 40,
                bottom: 8,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            legend: { top: 0, left: 0, itemWidth: 18, itemHeight: 9, selectedMode: false },
            xAxis: {
                type: "category",
                boundaryGap: true,
                data: weeks,
                axisLabel: {
                    formatter: (week) => (week === current ? `{now|${label(week)}}` : label(week)),
                    rich: { now: { fontWeight: 700, color: colours.ink, fontSize: font.size } },
                },
            },
            yAxis: {
                type: "value",
                min: (range) => Math.max(0, Math.floor(range.min * 10 - 0.5) / 10),
                max: 1,
                axisLabel: { formatter: (value) => rate(value, 0) },
            },
            tooltip: {
                trigger: "axis",
                formatter: (points) =>
                    [
                        points[0].name,
                        ...points.map(({ seriesName, value }) => `${seriesName} · ${rate(value)}`),
                    ].join("\n"),
            },
            series: machines.map((machine, index) => ({
                type: "line",
                name: machine,
                connectNulls: false,
                symbol: SYMBOLS[index % SYMBOLS.length],
                symbolSize: 8,
                lineStyle: { color: seriesColour(index), width: 2 },
                itemStyle: { color: seriesColour(index) },
                data: weeks.map((week) => rowOf(machine, week)?.occupancy_rate ?? null),
                markArea: index
                    ? undefined
                    : {
                          silent: true,
                          itemStyle: { color: colours.accentSoft, opacity: 0.6 },
                          data: [[{ xAxis: current }, { xAxis: current }]],
                      },
            })),
        },
        open: (_, event) => open?.(event.name),
        columns: [
            { label: t("column.week"), value: (week) => week },
            ...machines.map((machine) => ({
                label: machine,
                numeric: true,
                value: (week) => rate(rowOf(machine, week)?.occupancy_rate ?? null),
            })),
            {
                label: t("column.pieces"),
                numeric: true,
                value: (week) =>
                    number(machines.reduce((sum, one) => sum + (rowOf(one, week)?.piece_count ?? 0), 0)),
            },
        ],
        rows: weeks,
    });
}
