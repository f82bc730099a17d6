/** Semaine: occupancy and losses by machine, and against the weeks before. */

import { address, all, get } from "../api.js";
import { sharesChart } from "../charts/bars.js";
import { calendarChart } from "../charts/calendar.js";
import { paretoChart } from "../charts/pareto.js";
import { trendChart } from "../charts/trend.js";
import { empty, fine } from "../components/notice.js";
import {
    exportButtons,
    figure,
    head,
    legend,
    linkButton,
    panel,
    printButton,
    wallButton,
} from "../components/parts.js";
import { tableBox } from "../components/table.js";
import { h, icon } from "../dom.js";
import { date, duration, moment, number, points, rate, signed } from "../format.js";
import { t } from "../i18n.js";
import { kpi, kpisOf, total } from "../kpis.js";
import { run } from "../page.js";
import { dayAddress, weekAddress } from "../places.js";
import { addDays, mondayOf, weekOf } from "../time.js";

/** The weeks of the trend, the one shown included. */
const TREND_WEEKS = 12;
/** Friday: no more is expected after it. */
const LAST_WORKDAY = 4;
/** As many losses as there are machines in the table beside them, but not fewer than these. */
const FEWEST_LOSSES = 5;

const dayOf = (row) => dayAddress(row.machine_id, row.production_date);

/** The week of the address; without one the newest that has data. */
async function chosenWeek(machines) {
    const asked = location.pathname.split("/")[2];
    if (asked) {
        return decodeURIComponent(asked);
    }
    const day = new URL(location.href).searchParams.get("date");
    const last = lastDay(machines);
    return day || last ? weekOf(day ?? last) : null;
}

function lastDay(machines) {
    return (
        machines
            .map((one) => one.last_production_date)
            .filter(Boolean)
            .sort()
            .at(-1) ?? null
    );
}

async function load() {
    const machines = await all("machines");
    const week = await chosenWeek(machines);
    const monday = week ? mondayOf(week) : null;
    if (!monday) {
        return { week, monday, machines };
    }
    const sunday = addDays(monday, 6);
    const range = { production_date_from: monday, production_date_to: sunday };
    const [weeks, days, losses, longest] = await Promise.all([
        all("kpis/weeks", { week_from: addDays(monday, -7 * (TREND_WEEKS - 1)), week_to: monday }),
        all("kpis/days", range),
        all("losses", range),
        get("losses/stretches", {
            ...range,
            sort: "-duration_seconds",
            limit: Math.max(FEWEST_LOSSES, machines.length + 1),
        }),
    ]);
    return { week, monday, machines, weeks, days, losses, longest: longest.data };
}

function draw(data) {
    const { week, monday, machines } = data;
    if (!monday) {
        return [
            head(t("week.heading"), ""),
            week
                ? panel(
                      { title: t("week.unknown", { week }) },
                      empty(
                          t("week.unknown_title"),
                          t("week.unknown_advice"),
                          linkButton("/semaine", t("week.to_last")),
                      ),
                  )
                : panel({ title: t("week.heading") }, empty(t("today.empty"), t("today.empty_advice"))),
        ];
    }
    const now = data.weeks.filter((row) => row.iso_week === week);
    const last = lastDay(machines);
    const top = head(
        t("week.title", { week: Number(week.slice(-2)), year: week.slice(0, 4) }),
        t("week.range", { from: date(monday, "plain"), to: date(addDays(monday, 6), "plain") }),
        [steps(monday, last), printButton(), wallButton()],
    );
    if (!now.length) {
        return [
            top,
            panel(
                { title: t("week.no_session") },
                empty(
                    t("week.empty"),
                    t("week.empty_advice"),
                    last ? linkButton(weekAddress(weekOf(last)), t("week.to_last")) : null,
                ),
            ),
        ];
    }
    const names = machines
        .map((one) => one.machine_id)
        .filter((id) => data.weeks.some((row) => row.machine_id === id));
    return [top, figures(data, now), h("div", { class: "grid" }, panels(data, now, names))];
}

function panels({ week, monday, weeks, days, losses, longest }, now, names) {
    const shown = Array.from({ length: TREND_WEEKS }, (_, index) =>
        weekOf(addDays(monday, 7 * (index + 1 - TREND_WEEKS))),
    ).filter((one) => one >= weeks.map((row) => row.iso_week).sort()[0]);
    const workdays = Array.from({ length: 7 }, (_, index) => addDays(monday, index));
    const present = names.filter((name) => now.some((row) => row.machine_id === name));
    return [
        sharesChart({
            rows: now,
            title: t("week.shares"),
            legend: legend(),
            className: "half",
            open: (row) => location.assign(lowestDayOf(row, days)),
        }),
        calendarChart({
            rows: days,
            days: workdays,
            machines: present,
            title: t("week.days"),
            note: t("week.days_note"),
            className: "half",
            open: (row) => location.assign(dayOf(row)),
        }),
        paretoChart({
            losses,
            title: t("week.pareto"),
            note: t("week.pareto_note"),
            legend: legend(["waiting", "stopped"]),
            className: "half",
        }),
        trendChart({
            rows: weeks,
            weeks: shown,
            machines: names,
            current: week,
            title: t("week.trend"),
            note: t("week.trend_note"),
            className: "half",
            open: (one) => location.assign(weekAddress(one)),
        }),
        panel(
            { title: t("week.machines"), flush: true, className: "half wall-hidden" },
            tableBox({ caption: t("week.machines"), columns: machineColumns(), rows: byMachine(now) }),
            h(
                "div",
                { class: "table-foot" },
                h("span", {}),
                exportButtons((format) => address("kpis/weeks", { iso_week: week, format })),
            ),
        ),
        panel(
            {
                title: t("week.longest"),
                note: t("week.longest_note", { n: longest.length }),
                flush: true,
                className: "half wall-hidden",
            },
            longest.length
                ? tableBox({ caption: t("week.longest"), columns: LONGEST, rows: longest }, { tall: true })
                : fine(t("machine.no_losses"), t("machine.no_losses_advice")),
        ),
    ];
}

function byMachine(rows) {
    return [...rows].sort((one, other) => one.machine_id.localeCompare(other.machine_id));
}

/** The machine's day of the week with the lowest occupancy: where a look is worth most. */
function lowestDayOf(row, days) {
    const own = days.filter((day) => day.machine_id === row.machine_id && day.occupancy_rate !== null);
    const lowest = own.sort((one, other) => one.occupancy_rate - other.occupancy_rate)[0];
    return lowest ? dayOf(lowest) : "/";
}

function figures({ week, weeks, monday, machines }, now) {
    const current = total(now);
    const before = total(weeks.filter((row) => row.iso_week === weekOf(addDays(monday, -7))));
    const has = before.span_seconds > 0;
    // The count of a week that is not over says nothing against a whole one; rates do.
    const isRunning = lastDay(machines) < addDays(monday, LAST_WORKDAY) && weekOf(lastDay(machines)) === week;
    return h(
        "div",
        { class: "figures", "data-week": week },
        kpisOf(current).map((one) => {
            const [value, old] = [current[one.key], before[one.key]];
            let note = "";
            if (one.key === "piece_count" && isRunning) {
                note = t("week.running");
            } else if (has && value !== null && old !== null && one.key !== "span_seconds") {
                note = kpi(one.key).isRate
                    ? t("week.against", { difference: points(value - old) })
                    : t("week.against", {
                          difference: signed(value - old, one.key === "piece_count" ? 0 : 1),
                      });
            }
            return figure({ ...one, note });
        }),
    );
}

function steps(monday, last) {
    const step = (days, name, label, isThere) =>
        h(
            "a",
            {
                class: "button button--icon",
                "aria-label": label,
                title: label,
                href: isThere ? weekAddress(weekOf(addDays(monday, days))) : null,
                role: isThere ? null : "link",
                "aria-disabled": isThere ? null : "true",
            },
            icon(name),
        );
    return h(
        "span",
        { class: "button-group" },
        step(-7, "previous", t("week.previous"), true),
        last ? linkButton(weekAddress(weekOf(last)), t("week.newest")) : null,
        step(7, "next", t("week.next"), !last || addDays(monday, 7) <= last),
    );
}

function machineColumns() {
    const figureColumn = (key, value) => ({ label: t(`kpi.${key}`), numeric: true, value });
    return [
        { label: t("column.machine"), value: (row) => row.machine_id },
        figureColumn("occupancy_rate", (row) => rate(row.occupancy_rate)),
        figureColumn("waiting_rate", (row) => rate(row.waiting_rate)),
        figureColumn("stop_rate", (row) => rate(row.stop_rate)),
        figureColumn("piece_count", (row) => number(row.piece_count)),
        {
            ...figureColumn("pieces_per_productive_hour", (row) => number(row.pieces_per_productive_hour, 1)),
            label: t("column.per_hour"),
        },
        figureColumn("span_seconds", (row) => duration(row.span_seconds)),
    ];
}

const LONGEST = [
    { label: t("column.machine"), value: (row) => h("a", { href: dayOf(row) }, row.machine_id) },
    { label: t("column.state"), value: (row) => t(`state.${row.state}`) },
    { label: t("column.from"), value: (row) => moment(row.started_at), numeric: true },
    { label: t("column.duration"), value: (row) => duration(row.duration_seconds), numeric: true },
];

run(load, draw);
