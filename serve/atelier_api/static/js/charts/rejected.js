/** Rejected lines per day, a colour per machine. */

import { date, number } from "../format.js";
import { t } from "../i18n.js";
import { chartPanel } from "./chart.js";
import { colours, seriesColour } from "./theme.js";

/** `rows` have machine_id, production_date, rejected_line_count; `days` are the dates of the axis. */
export function rejectedChart({ rows, days, machines, title, note, className = "", open }) {
    const counts = new Map(
        rows.map((row) => [`${row.machine_id} ${row.production_date}`, row.rejected_line_count]),
    );
    const count = (machine, day) => counts.get(`${machine} ${day}`) ?? 0;
    const sum = rows.reduce((all, row) => all + row.rejected_line_count, 0);
    return chartPanel({
        name: "rejected",
        title,
        note,
        className,
        height: 260,
        summary: t("quality.chart_summary", { n: sum, nText: number(sum), days: days.length }),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 36,
                bottom: 4,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, selectedMode: false },
            xAxis: {
                type: "category",
                data: days.map((day) => date(day, "day")),
                axisLabel: { hideOverlap: true },
            },
            yAxis: { type: "value", minInterval: 1 },
            tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
            series: machines.map((machine, index) => ({
                type: "bar",
                stack: "rejected",
                name: machine,
                barMaxWidth: 28,
                itemStyle: { color: seriesColour(index), borderColor: colours.surface, borderWidth: 1 },
                data: days.map((day) => ({ value: count(machine, day) || null, machine, day })),
            })),
        },
        open: (data) => open?.(data),
        columns: [
            { label: t("column.date"), value: (day) => date(day) },
            ...machines.map((machine) => ({
                label: machine,
                numeric: true,
                value: (day) => number(count(machine, day)),
            })),
        ],
        rows: days,
    });
}
