/** Pareto of stops and waits: the longest first, and how far the first few carry. */

import { duration, number, rate } from "../format.js";
import { t } from "../i18n.js";
import { chartPanel } from "./chart.js";
import { colours, font, stateStyle } from "./theme.js";

/** `losses` have machine_id, state, duration_seconds, count; in any order. */
export function paretoChart({ losses, title, note, legend, className = "", height = 320 }) {
    const ranked = losses
        .filter((row) => row.duration_seconds > 0)
        .sort((one, other) => other.duration_seconds - one.duration_seconds);
    const all = ranked.reduce((sum, row) => sum + Number(row.duration_seconds), 0);
    let reached = 0;
    const rows = ranked.map((row) => {
        reached += Number(row.duration_seconds);
        return { ...row, cumulated: reached / all };
    });
    const nameOf = (row) => `${row.machine_id}\n${t(`state.${row.state}`)}`;
    return chartPanel({
        name: "pareto",
        title,
        note,
        legend,
        className,
        height,
        summary: t("pareto.summary", {
            n: rows.length,
            total: duration(all),
            first: rows.length ? nameOf(rows[0]).replace("\n", " ") : "–",
        }),
        option: {
            grid: {
                left: 8,
                right: 8,
                top: 24,
                bottom: 8,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            xAxis: {
                type: "category",
                data: rows.map(nameOf),
                axisLabel: { interval: 0, lineHeight: 15, hideOverlap: true },
            },
            yAxis: [
                {
                    type: "value",
                    min: 0,
                    axisLabel: { formatter: (value) => t("unit.hours", { value: number(value) }) },
                },
                {
                    type: "value",
                    min: 0,
                    max: 1,
                    interval: 0.25,
                    splitLine: { show: false },
                    axisLabel: { formatter: (value) => rate(value, 0) },
                },
            ],
            tooltip: {
                trigger: "axis",
                axisPointer: { type: "shadow" },
                formatter: ([{ dataIndex }]) => tip(rows[dataIndex]),
            },
            series: [
                {
                    type: "bar",
                    barMaxWidth: 56,
                    labelLayout: { hideOverlap: true },
                    data: rows.map((row) => ({
                        value: row.duration_seconds / 3600,
                        itemStyle: stateStyle(row.state),
                    })),
                    label: {
                        show: true,
                        position: "top",
                        color: colours.ink2,
                        fontSize: font.size,
                        formatter: ({ dataIndex }) => duration(rows[dataIndex].duration_seconds),
                    },
                },
                {
                    type: "line",
                    yAxisIndex: 1,
                    data: rows.map((row) => row.cumulated),
                    symbolSize: 6,
                    symbol: "circle",
                    lineStyle: { color: colours.ink3, width: 1.5 },
                    itemStyle: { color: colours.ink3 },
                },
            ],
        },
        columns: [
            { label: t("column.machine"), value: (row) => row.machine_id },
            { label: t("column.state"), value: (row) => t(`state.${row.state}`) },
            { label: t("column.duration"), value: (row) => duration(row.duration_seconds), numeric: true },
            { label: t("column.count"), value: (row) => number(row.count), numeric: true },
            { label: t("column.longest"), value: (row) => duration(row.longest_seconds), numeric: true },
            { label: t("column.cumulated"), value: (row) => rate(row.cumulated), numeric: true },
        ],
        rows,
    });
}

function tip(row) {
    return [
        `${row.machine_id} · ${t(`state.${row.state}`)}`,
        `${duration(row.duration_seconds)} · ${t("pareto.count", { n: row.count, nText: number(row.count) })}`,
        t("pareto.longest", { duration: duration(row.longest_seconds) }),
        t("pareto.cumulated", { rate: rate(row.cumulated) }),
    ].join("\n");
}
