/** A machine's day: dots for the pieces above, the states in the middle, the jobs below, on one clock. */

import { axisTime, axisTimeSeconds, exactDuration, number, time, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { isWall } from "../places.js";
import { chartPanel } from "./chart.js";
import { stateColumns, stretchTip, wallAxis } from "./lanes.js";
import { stateStretches, stretchSeries } from "./stretches.js";
import { colours, font } from "./theme.js";

const LEFT = isWall ? 92 : 64;
/** Dots above this share of all would press the others flat; they stand at the top edge. */
const HIGHEST_SHARE = 0.98;
/** Seconds between two lines of the axis, or a multiple. */
const CYCLE_STEP = 60;

/** `states`, `pieces` and `jobs` are rows of the API; `end` is the session's last instant. */
export function dayChart({ states, pieces, jobs, end, legend }) {
    const toAxis = wallAxis(
        [...states, ...jobs].map((row) => row.started_at).concat(pieces.map((row) => row.produced_at)),
    );
    const cycles = pieces.map((piece) => piece.cycle_seconds).filter((value) => value !== null);
    const ceiling =
        Math.ceil(Math.max(1, quantile(cycles.map(Number), HIGHEST_SHARE)) / CYCLE_STEP) * CYCLE_STEP;
    const bars = jobs.map((job, index) => ({
        start: toAxis(job.started_at),
        end: toAxis(jobs[index + 1]?.started_at ?? end),
        lane: 0,
        label: job.profile_reference ?? "",
        style: {
            color: index % 2 ? colours.accentSoft : colours.surface2,
            borderColor: colours.lineStrong,
            borderWidth: 1,
        },
        job,
    }));
    const grids = [
        { top: "9%", height: "38%" },
        { top: "52%", height: "15%" },
        { top: "70%", height: "10%" },
    ];
    const axes = grids.map((_, gridIndex) => ({
        type: "time",
        gridIndex,
        min: (range) => Math.min(range.min, ...bars.map((bar) => bar.start)),
        max: toAxis(end),
        axisLabel: gridIndex === 2 ? { formatter: axisTime, hideOverlap: true } : { show: false },
        axisTick: { show: gridIndex === 2 },
        axisLine: { show: gridIndex === 2 },
        axisPointer: {
            show: true,
            label: { show: gridIndex === 2, formatter: ({ value }) => axisTimeSeconds(value) },
        },
        splitLine: { show: gridIndex === 0 },
    }));
    const lane = (gridIndex, name) => ({
        type: "category",
        gridIndex,
        data: [name],
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { width: LEFT - 8, overflow: "truncate" },
    });
    return chartPanel({
        name: "day",
        title: t("day.title"),
        note: t("day.note"),
        legend,
        height: 290,
        summary: t("day.summary", { n: pieces.length, nText: number(pieces.length), states: states.length }),
        option: {
            grid: grids.map((grid) => ({ ...grid, left: LEFT, right: 16 })),
            axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: colours.lineStrong } },
            xAxis: axes,
            yAxis: [
                {
                    type: "value",
                    gridIndex: 0,
                    min: 0,
                    max: ceiling,
                    interval: ceiling / 2,
                    name: t("day.cycle"),
                    nameGap: 10,
                    nameTextStyle: { align: "left", padding: [0, 0, 0, 8 - LEFT] },
                    axisLabel: { formatter: (value) => number(value) },
                },
                lane(1, t("day.states")),
                lane(2, t("day.jobs")),
            ],
            dataZoom: [
                {
                    type: "slider",
                    xAxisIndex: [0, 1, 2],
                    bottom: 4,
                    height: 18,
                    left: LEFT,
                    right: 16,
                    labelFormatter: axisTime,
                    borderColor: colours.line,
                    fillerColor: colours.accentSoft,
                    textStyle: { fontSize: font.small },
                    brushSelect: false,
                    showDataShadow: false,
                },
                { type: "inside", xAxisIndex: [0, 1, 2], zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false },
            ],
            tooltip: { formatter: ({ data }) => tip(data) },
            series: [
                {
                    type: "scatter",
                    xAxisIndex: 0,
                    yAxisIndex: 0,
                    symbolSize: 4,
                    clip: false,
                    itemStyle: { color: colours.accent, opacity: 0.75 },
                    data: pieces.map((piece) => ({
                        value: [
                            toAxis(piece.produced_at),
                            Math.min(Number(piece.cycle_seconds ?? 0), ceiling),
                        ],
                        piece,
                    })),
                },
                stretchSeries(stateStretches(states, 0, toAxis), {
                    xAxisIndex: 1,
                    yAxisIndex: 1,
                    thickness: 1,
                }),
                stretchSeries(bars, { xAxisIndex: 2, yAxisIndex: 2, thickness: 0.9 }),
            ],
        },
        columns: stateColumns(),
        rows: states,
    });
}

function tip({ piece, stretch }) {
    if (piece) {
        return [
            t("day.piece", { number: piece.piece_number }),
            timeSeconds(piece.produced_at),
            t("day.cycle_of", { duration: exactDuration(piece.cycle_seconds) }),
            piece.details ?? "",
        ]
            .filter(Boolean)
            .join("\n");
    }
    if (stretch.job) {
        const { job } = stretch;
        return [
            job.profile_reference ?? t("day.no_profile"),
            [job.colour, job.length_mm === null ? null : t("unit.mm", { value: number(job.length_mm) })]
                .filter(Boolean)
                .join(" · "),
            `${time(job.started_at)} · ${t("unit.pieces", { n: job.piece_count })}`,
        ]
            .filter(Boolean)
            .join("\n");
    }
    return stretchTip(stretch.row);
}

function quantile(values, share) {
    const sorted = [...values].sort((one, other) => one - other);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : 0;
}
