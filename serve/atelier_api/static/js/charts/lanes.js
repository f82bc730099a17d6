/** The day of all machines: a lane each, its states one after the other. */

import { axisTime, exactDuration, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { offsetOf } from "../time.js";
import { chartPanel } from "./chart.js";
import { stateStretches, stretchSeries } from "./stretches.js";
import { font } from "./theme.js";

/**
 * Return the function that turns instants into a chart's axis: the plant's wall clock at the first of them. One offset
 * for the whole chart, so that the hour in which the clocks change neither overlaps nor gapes.
 */
export function wallAxis(instants) {
    const first = instants
        .filter(Boolean)
        .reduce((least, one) => (least === null || one < least ? one : least), null);
    const offset = first === null ? 0 : offsetOf(first);
    return (instant) => Date.parse(instant) + offset;
}

/** `lanes` are {machine_id, states: rows of a timeline}. */
export function lanesChart({ lanes, title, legend, laneHeight = 40, open }) {
    const toAxis = wallAxis(lanes.flatMap(({ states }) => states.map((row) => row.started_at)));
    const stretches = lanes.flatMap(({ states }, lane) => stateStretches(states, lane, toAxis));
    const names = lanes.map((lane) => lane.machine_id);
    return chartPanel({
        name: "lanes",
        title,
        legend,
        height: 48 + lanes.length * laneHeight,
        summary: t("lanes.summary", { n: lanes.length, machines: names.join(", ") }),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 8,
                bottom: 8,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            xAxis: {
                type: "time",
                min: (range) => Math.floor(range.min / 3_600_000) * 3_600_000,
                max: (range) => Math.ceil(range.max / 3_600_000) * 3_600_000,
                axisLabel: { formatter: axisTime, hideOverlap: true },
                splitLine: { show: true },
                minInterval: 3_600_000,
            },
            yAxis: {
                type: "category",
                data: names,
                inverse: true,
                axisTick: { show: false },
                axisLabel: { fontSize: font.size + 1, fontWeight: 600, interval: 0 },
            },
            tooltip: { formatter: ({ data }) => stretchTip(data.stretch.row) },
            series: [stretchSeries(stretches, { thickness: 0.66 })],
        },
        open: (data) => open?.(lanes[data.stretch.lane]),
        columns: [
            { label: t("column.machine"), value: (row) => names[row.lane] },
            ...stateColumns((row) => row.row),
        ],
        rows: stretches,
    });
}

export function stretchTip(row) {
    return [
        t(`state.${row.state}`),
        `${timeSeconds(row.started_at)} – ${timeSeconds(row.ended_at)}`,
        exactDuration(row.duration_seconds),
    ].join("\n");
}

/** The columns of a table of stretches; `of` takes the API's row out of a row of the table. */
export function stateColumns(of = (row) => row) {
    return [
        { label: t("column.state"), value: (row) => t(`state.${of(row).state}`) },
        { label: t("column.from"), value: (row) => timeSeconds(of(row).started_at), numeric: true },
        { label: t("column.to"), value: (row) => timeSeconds(of(row).ended_at), numeric: true },
        {
            label: t("column.duration"),
            value: (row) => exactDuration(of(row).duration_seconds),
            numeric: true,
        },
    ];
}
