/** Aujourd'hui: the machines now, what needs attention, the day so far. */

import { all, get } from "../api.js";
import { hoursChart } from "../charts/hours.js";
import { lanesChart } from "../charts/lanes.js";
import { attentionList, concerns } from "../components/attention.js";
import { empty } from "../components/notice.js";
import {
    badge,
    figure,
    head,
    legend,
    linkButton,
    panel,
    printButton,
    split,
    wallButton,
} from "../components/parts.js";
import { standing } from "../components/standing.js";
import { h } from "../dom.js";
import { age, date, moment, number, points, rate, sentence } from "../format.js";
import { t } from "../i18n.js";
import { ratesOf, total } from "../kpis.js";
import { run } from "../page.js";
import { dayAddress, isWall } from "../places.js";
import { addDays, dateOf } from "../time.js";

/** What is usual: the mean of this many days before. */
const USUAL_DAYS = 28;

const dayOf = (machine) => dayAddress(machine.machine_id, machine.production_date);

async function load() {
    const [status, freshness, problems, alerts] = await Promise.all([
        all("machines/status"),
        get("freshness"),
        all("source-problems", { is_open: true }),
        all("alerts"),
    ]);
    const day =
        status
            .map((machine) => machine.production_date)
            .filter(Boolean)
            .sort()
            .at(-1) ?? null;
    if (day === null) {
        return { day, status };
    }
    // A machine that has not begun this day is shown with what it did last; it does not count into today.
    const today = status.filter((machine) => machine.production_date === day);
    const [sessions, quality, pieces, ...timelines] = await Promise.all([
        all("sessions", { production_date_from: addDays(day, -USUAL_DAYS), production_date_to: day }),
        all("quality/days", { production_date_from: day, production_date_to: day }),
        all("pieces", {
            production_date_from: day,
            production_date_to: day,
            fields: ["machine_id", "produced_at"],
            sort: "produced_at",
        }),
        ...today.map((machine) => all(`sessions/${machine.session_id}/timeline`)),
    ]);
    return {
        day,
        pieces,
        problems,
        alerts,
        status: status.map((machine) => ({ ...machine, standing: standing(machine, day, sessions) })),
        today: today.map((machine) => ({ ...machine, standing: standing(machine, day, sessions) })),
        now: total(sessions.filter((row) => row.production_date === day)),
        before: sessions.filter((row) => row.production_date < day),
        sources: freshness.data,
        rejected: quality
            .filter((row) => row.rejected_line_count > 0)
            .map((row) => [row.machine_id, row.rejected_line_count]),
        lanes: today.map((machine, index) => ({ ...machine, states: timelines[index] })),
    };
}

function draw(data) {
    const { day, status, today, now, before, sources } = data;
    if (day === null) {
        return [
            head(t("today.title"), ""),
            panel({ title: t("today.board") }, empty(t("today.empty"), t("today.empty_advice"))),
        ];
    }
    const isToday =
        day === new Date().toLocaleDateString("sv", { timeZone: document.documentElement.dataset.timezone });
    const usual = usualOccupancy(before);
    const found = concerns({ ...data, machines: today, usual, sources, dayOf });
    return [
        head(sentence(date(day, "long")), isToday ? t("today.subtitle") : t("today.subtitle_past"), [
            linkButton(`/semaine?date=${day}`, t("today.week"), "nav-week"),
            printButton(),
            wallButton(),
        ]),
        figures(today, now, before, found),
        h(
            "div",
            { class: "grid" },
            h(
                "div",
                { class: "third stack" },
                panel(
                    {
                        title: t("attention.title"),
                        flush: true,
                        note: found.length ? number(found.length) : null,
                    },
                    attentionList(found),
                ),
                hoursChart({
                    pieces: data.pieces,
                    machines: status.map((one) => one.machine_id),
                    title: t("today.hours"),
                    height: isWall ? 230 : 190,
                }),
            ),
            h(
                "div",
                { class: "two-thirds stack" },
                panel(
                    { title: t("today.board"), flush: true },
                    h(
                        "ul",
                        { class: "board" },
                        boardHead(),
                        status.map((machine) => boardRow(machine, day, usual)),
                    ),
                ),
                lanesChart({
                    lanes: data.lanes,
                    title: t("today.lanes"),
                    legend: legend(),
                    laneHeight: isWall ? 52 : 40,
                    open: (lane) => location.assign(dayOf(lane)),
                }),
            ),
        ),
    ];
}

/** The occupancy of the days before per machine, from sums. */
function usualOccupancy(before) {
    const machines = [...new Set(before.map((row) => row.machine_id))];
    const means = machines.map((id) => [
        id,
        total(before.filter((row) => row.machine_id === id)).occupancy_rate,
    ]);
    return new Map(means.filter(([, mean]) => mean !== null));
}

function figures(today, now, before, found) {
    const usual = total(before);
    const days = new Set(before.map((row) => row.production_date)).size;
    const running = today.filter((machine) => machine.standing === "productive").length;
    const urgent = found.filter((one) => one.level === "urgent").length;
    const difference =
        usual.occupancy_rate === null || now.occupancy_rate === null
            ? null
            : now.occupancy_rate - usual.occupancy_rate;
    return h(
        "div",
        { class: "figures" },
        figure({
            label: t("today.pieces"),
            value: number(now.piece_count),
            note: days ? t("today.pieces_usual", { value: number(usual.piece_count / days) }) : "",
        }),
        figure({
            label: t("today.occupancy"),
            value: rate(now.occupancy_rate),
            note: difference === null ? "" : t("today.against_usual", { difference: points(difference) }),
        }),
        figure({
            label: t("today.speed"),
            value: number(now.pieces_per_productive_hour, 1),
            note: t("today.speed_usual", { value: number(usual.pieces_per_productive_hour, 1) }),
        }),
        figure({
            label: t("today.running"),
            value: t("today.of", { part: running, whole: today.length }),
            note: t("today.running_note"),
        }),
        figure({
            label: t("attention.title"),
            value: number(found.length),
            note: urgent ? t("today.urgent", { n: urgent }) : t("today.nothing_urgent"),
        }),
    );
}

/** What the columns are, for the eye; each cell says it itself to a screen reader. */
function boardHead() {
    const names = ["column.machine", "column.state", "today.pieces", "today.occupancy", "today.last_line"];
    return h(
        "li",
        { class: "board__row board__head", "aria-hidden": "true" },
        names.map((name) => h("span", {}, t(name))),
    );
}

function boardRow(machine, day, usual) {
    const mean = usual.get(machine.machine_id);
    return h(
        "li",
        { class: "board__row", "data-machine": machine.machine_id },
        h(
            "a",
            { class: "board__name", href: machine.production_date ? dayOf(machine) : null },
            h("b", {}, machine.machine_id),
            h("span", { class: "board__note" }, machine.machine_name),
        ),
        h(
            "div",
            { class: "board__state" },
            badge(machine.standing, t(`state.${machine.standing}`)),
            h("span", { class: "board__note" }, stateNote(machine)),
        ),
        h(
            "div",
            {},
            h("div", { class: "board__figure" }, number(machine.piece_count)),
            h("div", { class: "board__note narrow-only" }, t("today.pieces")),
        ),
        h(
            "div",
            { class: "board__rates" },
            h("span", { class: "board__figure" }, rate(machine.occupancy_rate)),
            split(ratesOf(machine)),
            h(
                "span",
                { class: "board__note" },
                mean === undefined ? t("today.no_usual") : t("today.usual", { value: rate(mean) }),
            ),
        ),
        h(
            "div",
            {},
            h("div", { class: "board__note narrow-only" }, t("today.last_line")),
            h("div", { class: "nowrap" }, moment(machine.last_line_at, dayShown(machine, day))),
            h("div", { class: "board__note" }, t("today.ago", { duration: age(machine.silent_seconds) })),
        ),
    );
}

/** A night shift ends on the day after; its clock needs no date while that is today. */
function dayShown(machine, day) {
    const line = machine.last_line_at ? dateOf(machine.last_line_at) : null;
    return line !== null && line <= addDays(day, 1) && machine.production_date === day ? line : day;
}

/** Of a machine that says nothing now: what it did last. */
function stateNote(machine) {
    if (!machine.state) {
        return "";
    }
    if (machine.standing !== machine.state) {
        return t("today.last_state", { state: t(`state.${machine.state}`) });
    }
    return t("today.since", {
        moment: moment(machine.state_since, dateOf(machine.last_line_at ?? machine.state_since)),
    });
}

run(load, draw);
