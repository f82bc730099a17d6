/** Orders to plan by the week in which they were planned, a colour per status. */

import { number } from "../format.js";
import { t } from "../i18n.js";
import { addDays, mondayOf, weekOf } from "../time.js";
import { chartPanel } from "./chart.js";
import { colours, seriesColour } from "./theme.js";

/** Older weeks are summed into the first column. */
const WEEKS = 16;

const UNDATED = "";

/** `orders` have status_name and planned_on; those without a date have a column of their own. */
export function ordersChart({ orders, statuses, title, note }) {
    const dated = orders.filter((order) => order.planned_on);
    const last = dated
        .map((order) => order.planned_on)
        .sort()
        .at(-1);
    const monday = last ? mondayOf(weekOf(last)) : null;
    const weeks = monday
        ? Array.from({ length: WEEKS }, (_, index) => weekOf(addDays(monday, 7 * (index + 1 - WEEKS))))
        : [];
    const weekShown = (order) => {
        const week = order.planned_on ? weekOf(order.planned_on) : UNDATED;
        return week !== UNDATED && week < weeks[0] ? weeks[0] : week;
    };
    const shown = dated.length === orders.length ? weeks : [...weeks, UNDATED];
    const count = (week, status) =>
        orders.filter((order) => order.status_name === status && weekShown(order) === week).length;
    const label = (week, index) => {
        if (week === UNDATED) {
            return t("orders.undated");
        }
        return t(index ? "unit.week_short" : "unit.week_before", { week: Number(week.slice(-2)) });
    };
    return chartPanel({
        name: "orders",
        title,
        note,
        height: 150,
        summary: t("orders.chart_summary", { n: orders.length, nText: number(orders.length) }),
        option: {
            grid: {
                left: 8,
                right: 16,
                top: 32,
                bottom: 4,
                outerBoundsMode: "same",
                outerBoundsContain: "axisLabel",
            },
            legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, selectedMode: false },
            xAxis: { type: "category", data: shown.map(label), axisLabel: { hideOverlap: true } },
            yAxis: { type: "value", minInterval: 1, splitNumber: 3 },
            tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
            series: statuses.map((status, index) => ({
                type: "bar",
                stack: "orders",
                name: status,
                barMaxWidth: 36,
                itemStyle: { color: seriesColour(index), borderColor: colours.surface, borderWidth: 1 },
                data: shown.map((week) => count(week, status) || null),
            })),
        },
        columns: [
            { label: t("column.week"), value: (week) => week || t("orders.undated") },
            ...statuses.map((status) => ({
                label: status,
                numeric: true,
                value: (week) => number(count(week, status)),
            })),
        ],
        rows: shown,
    });
}
