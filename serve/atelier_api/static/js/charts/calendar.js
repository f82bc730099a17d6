/** Occupancy by machine and day: a field each, its number written in it. */

import { date, number, rate } from "../format.js";
import { t } from "../i18n.js";
import { isNarrow } from "../places.js";
import { chartPanel } from "./chart.js";
import { colours, font } from "./theme.js";

/** On a field of a higher rate light writing is easier to read. */
const DARK = 0.93;

/** `rows` have machine_id, production_date, occupancy_rate, piece_count; `days` are the dates of the axis. */
export function calendarChart({ rows, days, machines, title, note, className = "", open }) {
    const found = rows.filter((row) => row.occupancy_rate !== null && machines.includes(row.machine_id));
    const label = (day) => date(day, "day");
    return chartPanel({
        name: "calendar",
        title,
        note,
        className,
        height: 40 + machines.length * 56,
        summary: t("calendar.summary", { machines: machines.join(", "), n: found.length }),
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
                type: "category",
                data: days.map(label),
                axisLine: { show: false },
                axisLabel: { interval: 0, hideOverlap: true },
            },
            yAxis: {
                type: "category",
                data: machines,
                inverse: true,
                axisLine: { show: false },
                axisLabel: { fontSize: font.size + 1, fontWeight: 600, interval: 0 },
            },
            visualMap: {
                show: false,
                min: 0.5,
                max: 1,
                dimension: 2,
                inRange: { color: [colours.surface2, colours.accentSoft, colours.accent] },
            },
            tooltip: {
                formatter: ({ data }) =>
                    [
                        `${data.row.machine_id} · ${label(data.row.production_date)}`,
                        rate(data.row.occupancy_rate),
                        t("unit.pieces", { n: data.row.piece_count, nText: number(data.row.piece_count) }),
                    ].join("\n"),
            },
            series: [
                {
                    // Not a heatmap: ECharts 6.1 draws those on three canvases, of which a print shows one.
                    type: "custom",
                    encode: { x: 0, y: 1 },
                    data: found.map((row) => ({
                        value: [
                            days.indexOf(row.production_date),
                            machines.indexOf(row.machine_id),
                            Number(row.occupancy_rate),
                        ],
                        row,
                    })),
                    renderItem: ({ dataIndex }, api) => field(api, found[dataIndex].occupancy_rate),
                },
            ],
        },
        open: (data) => open?.(data.row),
        columns: [
            { label: t("column.machine"), value: (row) => row.machine_id },
            { label: t("column.date"), value: (row) => date(row.production_date) },
            { label: t("kpi.occupancy_rate"), value: (row) => rate(row.occupancy_rate), numeric: true },
            { label: t("column.pieces"), value: (row) => number(row.piece_count), numeric: true },
        ],
        rows: found,
    });
}

function field(api, occupancy) {
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [width, height] = api.size([1, 1]).map((side) => side - 3);
    const text = isNarrow || width < 40 ? number(occupancy * 100) : rate(occupancy, 0);
    return {
        type: "rect",
        shape: { x: x - width / 2, y: y - height / 2, width, height, r: 3 },
        style: { fill: api.visual("color") },
        textContent: {
            style: {
                text,
                fill: occupancy > DARK ? colours.surface : colours.ink,
                font: `${font.size}px ${font.family}`,
            },
        },
        textConfig: { position: "inside" },
    };
}
