/** Stops and waits, the longest first. */

import { h } from "../dom.js";
import { exactDuration, number, rate, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { badge } from "./parts.js";
import { tableBox } from "./table.js";

/** How many stand in the table; what is shorter adds up in the totals above it. */
const SHOWN = 50;

/** `losses` are stretches of a day's timeline. */
export function lossTable(losses) {
    const ranked = [...losses].sort((one, other) => other.duration_seconds - one.duration_seconds);
    const all = losses.reduce((sum, row) => sum + Number(row.duration_seconds), 0);
    const columns = [
        { label: t("column.state"), value: (row) => badge(row.state, t(`state.${row.state}`)) },
        { label: t("column.from"), value: (row) => timeSeconds(row.started_at), numeric: true },
        { label: t("column.to"), value: (row) => timeSeconds(row.ended_at), numeric: true },
        { label: t("column.duration"), value: (row) => exactDuration(row.duration_seconds), numeric: true },
        { label: t("column.share"), value: (row) => rate(row.duration_seconds / all), numeric: true },
    ];
    const shown = ranked.slice(0, SHOWN);
    return [
        tableBox({ caption: t("machine.losses"), columns, rows: shown }, { tall: true }),
        shown.length < ranked.length
            ? h(
                  "div",
                  { class: "table-foot" },
                  t("machine.losses_shown", { n: shown.length, of: number(ranked.length) }),
              )
            : null,
    ];
}
