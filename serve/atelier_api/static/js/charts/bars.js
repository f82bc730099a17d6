/** Shares of the states per machine, as bars of the same length: what counts is the share, the hours stand in the table. */

import { duration, rate } from "../format.js";
import { t } from "../i18n.js";
import { ratesOf } from "../kpis.js";
import { isNarrow } from "../places.js";
import { chartPanel } from "./chart.js";
import { colours, font, inkOn, stateStyle, STATES } from "./theme.js";

/** `rows` have machine_id, the sums and the rates. */
export function sharesChart({ rows, title, legend, className = "", open }) {
    const shown = rows
        .filter((row) => row.occupancy_rate !== null)
        .sort((one, other) => one.machine_id.localeCompare(other.machine_id));
    return chartPanel({
        name: "shares",
        title,
        legend,
        className,
        height: 40 + shown.length * 56,
        summary: shown
            .map((row) => t("shares.summary", { machine: row.machine_id, rate: rate(row.occupancy_rate) }))
            .join(", "),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 4,
                bottom: 4,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            xAxis: {
                type: "value",
                max: 1,
                interval: 0.25,
                axisLabel: { formatter: (value) => rate(value, 0) },
            },
            yAxis: {
                type: "category",
                inverse: true,
                data: shown.map((row) => row.machine_id),
                axisLine: { show: false },
                axisLabel: { fontSize: font.size + 1, fontWeight: 600, interval: 0 },
            },
            tooltip: {
                formatter: ({ seriesName, data }) =>
                    `${data.row.machine_id} · ${seriesName}\n${rate(data.value)} · ${duration(data.seconds)}`,
            },
            series: STATES.map((state) => ({
                type: "bar",
                name: t(`state.${state}`),
                stack: "states",
                barWidth: 28,
                itemStyle: stateStyle(state),
                label: {
                    show: true,
                    position: "inside",
                    fontWeight: 600,
                    fontSize: font.size,
                    color: inkOn(state),
                    textBorderColor: colours[state],
                    textBorderWidth: 3,
                    formatter: ({ value }) => (value >= (isNarrow ? 0.15 : 0.07) ? rate(value, 0) : ""),
                },
                data: shown.map((row) => ({
                    value: ratesOf(row)[state],
                    seconds: row[`${state}_seconds`],
                    row,
                })),
            })),
        },
        open: (data) => open?.(data.row),
        columns: [
            { label: t("column.machine"), value: (row) => row.machine_id },
            ...STATES.flatMap((state) => [
                { label: t(`state.${state}`), numeric: true, value: (row) => rate(ratesOf(row)[state]) },
                {
                    label: t("column.hours_of", { state: t(`state.${state}`) }),
                    numeric: true,
                    value: (row) => duration(row[`${state}_seconds`]),
                },
            ]),
        ],
        rows: shown,
    });
}
