/** Pieces per hour of the plant's clock, a colour per machine, one upon the other. */

import { number } from "../format.js";
import { t } from "../i18n.js";
import { offsetOf } from "../time.js";
import { chartPanel } from "./chart.js";
import { colours, font, seriesColour } from "./theme.js";

const HOUR = 3_600_000;

/** `pieces` are rows with `machine_id` and `produced_at`; `machines` the codes in their order. */
export function hoursChart({ pieces, machines, title, height }) {
    const counts = new Map();
    for (const piece of pieces) {
        const hour = Math.floor((Date.parse(piece.produced_at) + offsetOf(piece.produced_at)) / HOUR);
        const perMachine = counts.get(hour) ?? new Map();
        perMachine.set(piece.machine_id, (perMachine.get(piece.machine_id) ?? 0) + 1);
        counts.set(hour, perMachine);
    }
    const known = [...counts.keys()];
    const hours = known.length ? range(Math.min(...known), Math.max(...known)) : [];
    const label = (hour) => t("unit.hour", { hour: new Date(hour * HOUR).getUTCHours() });
    const count = (hour, machine) => counts.get(hour)?.get(machine) ?? 0;
    return chartPanel({
        name: "hours",
        title,
        height,
        summary: t("hours.summary", { n: pieces.length, nText: number(pieces.length) }),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 36,
                bottom: 8,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, selectedMode: false },
            xAxis: { type: "category", data: hours.map(label), axisLabel: { hideOverlap: true } },
            yAxis: { type: "value", minInterval: 1 },
            tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
            series: machines.map((machine, index) => ({
                type: "bar",
                name: machine,
                stack: "pieces",
                barMaxWidth: 40,
                itemStyle: { color: seriesColour(index), borderColor: colours.surface, borderWidth: 1 },
                data: hours.map((hour) => count(hour, machine) || null),
                label: { show: false, fontSize: font.small },
            })),
        },
        columns: [
            { label: t("column.hour"), value: label },
            ...machines.map((machine) => ({
                label: machine,
                numeric: true,
                value: (hour) => number(count(hour, machine)),
            })),
        ],
        rows: hours,
    });
}

function range(first, last) {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
