/**
 * The figures of a machine, a day or a week. A new one is a column of a mart and an entry here: cards, tables and the
 * explanation take it from this list.
 */

import { duration, number, rate } from "./format.js";
import { t } from "./i18n.js";

const KPIS = [
    { key: "occupancy_rate", format: (value) => rate(value), isRate: true, note: "productive_seconds" },
    { key: "waiting_rate", format: (value) => rate(value), isRate: true, note: "waiting_seconds" },
    { key: "stop_rate", format: (value) => rate(value), isRate: true, note: "stopped_seconds" },
    { key: "piece_count", format: (value) => number(value) },
    { key: "pieces_per_productive_hour", format: (value) => number(value, 1) },
    { key: "span_seconds", format: (value) => duration(value) },
];

/** The figures as {key, label, value, note} of a row of the API. */
export function kpisOf(row) {
    return KPIS.map(({ key, format, note }) => ({
        key,
        label: t(`kpi.${key}`),
        value: format(row[key] ?? null),
        note: note ? duration(row[note]) : "",
    }));
}

export function kpi(key) {
    return KPIS.find((one) => one.key === key);
}

/**
 * Sums of rows and the rates of the sums, never the mean of rates: an hour of one machine weighs as much as an hour of
 * another. Without a span there is no rate.
 */
export function total(rows) {
    const names = ["span_seconds", "productive_seconds", "waiting_seconds", "stopped_seconds", "piece_count"];
    const sums = Object.fromEntries(
        names.map((name) => [name, rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0)]),
    );
    const share = (part) => (sums.span_seconds > 0 ? part / sums.span_seconds : null);
    return {
        ...sums,
        occupancy_rate: share(sums.productive_seconds),
        waiting_rate: share(sums.waiting_seconds),
        stop_rate: share(sums.stopped_seconds),
        pieces_per_productive_hour:
            sums.productive_seconds > 0 ? (sums.piece_count * 3600) / sums.productive_seconds : null,
    };
}

/** The rates of a row by the names of the states. */
export function ratesOf(row) {
    return { productive: row.occupancy_rate, waiting: row.waiting_rate, stopped: row.stop_rate };
}
