/** Machine-jour: one machine on one production day. */

import { address, all } from "../api.js";
import { dayChart } from "../charts/day.js";
import { lossTable } from "../components/losses.js";
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
import { openWhy } from "../components/why.js";
import { h, icon } from "../dom.js";
import { date, exactDuration, number, time, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { kpisOf } from "../kpis.js";
import { run } from "../page.js";
import { dayAddress } from "../places.js";
import { addDays } from "../time.js";

const [, , machineId = null, day = null] = location.pathname.split("/").map(decodeURIComponent);
/** How many pieces stand in the table; the export has all of them. */
const PIECES_SHOWN = 200;

/** The address without a machine or a day leads to the newest day; of all machines, or of the one that is named. */
async function goToNewest() {
    const machines = await all(
        "machines",
        machineId ? { sort: "machine_id" } : { sort: "-last_production_date" },
    );
    const machine = machines.find((one) =>
        machineId ? one.machine_id === machineId : one.last_production_date,
    );
    if (machine?.last_production_date) {
        location.replace(dayAddress(machine.machine_id, machine.last_production_date));
        return new Promise(() => {});
    }
    return { machine: machine ?? null, machines, session: null };
}

async function load() {
    if (!day) {
        return goToNewest();
    }
    const [machines, days] = await Promise.all([
        all("machines"),
        all("kpis/days", { machine_id: machineId, production_date_from: day, production_date_to: day }),
    ]);
    const machine = machines.find((one) => one.machine_id === machineId) ?? null;
    const [session] = await all("sessions", {
        machine_id: machineId,
        production_date_from: day,
        production_date_to: day,
    });
    if (!session) {
        return { machine, machines, session: null };
    }
    const of = (what) => all(`sessions/${encodeURIComponent(session.session_id)}/${what}`);
    const [states, pieces, jobs] = await Promise.all([of("timeline"), of("pieces"), of("jobs")]);
    return { machine, machines, session, states, pieces, jobs, figures: { ...session, ...days[0] } };
}

function draw({ machine, machines, session, states, pieces, jobs, figures }) {
    if (!day) {
        return [head(t("nav.machine"), ""), panel({ title: t("machine.no_session") }, noSession(machine))];
    }
    const title = t("machine.title", { machine: machineId, day: date(day, "long") });
    const name = machine ? [machine.machine_name, machine.material].filter(Boolean).join(" · ") : "";
    const top = head(title, name, [
        ...steps(machines, machine),
        printButton(),
        session ? wallButton() : null,
    ]);
    if (!session) {
        return [top, panel({ title: t("machine.no_session") }, noSession(machine))];
    }
    const losses = states.filter((row) => row.state !== "productive");
    return [
        top,
        h(
            "div",
            { class: "figures" },
            kpisOf(figures).map((one) =>
                figure({
                    ...one,
                    note: one.note || noteOf(one.key, session),
                    why: () => openWhy(one.key, machineId, day),
                }),
            ),
        ),
        h(
            "div",
            { class: "grid" },
            states.length || pieces.length
                ? dayChart({ states, pieces, jobs, end: session.last_event_at, legend: legend() })
                : panel({ title: t("day.title") }, empty(t("day.empty"), t("day.empty_advice"))),
            panel(
                {
                    title: t("machine.losses"),
                    note: t("machine.losses_note"),
                    className: "half",
                    flush: true,
                },
                losses.length
                    ? lossTable(losses)
                    : fine(t("machine.no_losses"), t("machine.no_losses_advice")),
            ),
            panel(
                { title: t("machine.jobs"), note: number(jobs.length), className: "half", flush: true },
                jobs.length
                    ? tableBox({ caption: t("machine.jobs"), columns: JOBS, rows: jobs }, { tall: true })
                    : empty(t("machine.no_jobs"), t("machine.no_jobs_advice")),
            ),
            piecesPanel(pieces, session),
        ),
    ];
}

function noteOf(key, session) {
    if (key === "piece_count") {
        return t("machine.jobs_count", { n: session.job_count });
    }
    if (key === "span_seconds" && session.first_piece_at) {
        return `${time(session.first_piece_at)} – ${time(session.last_piece_at)}`;
    }
    return "";
}

/** The day before and after, another machine, another day. */
function steps(machines, machine) {
    const [first, last] = [machine?.first_production_date, machine?.last_production_date];
    const step = (days, name, label, isThere) =>
        h(
            "a",
            {
                class: "button button--icon",
                "aria-label": label,
                title: label,
                href: isThere ? dayAddress(machineId, addDays(day, days)) : null,
                role: isThere ? null : "link",
                "aria-disabled": isThere ? null : "true",
            },
            icon(name),
        );
    const pickMachine = h(
        "select",
        {
            class: "input",
            "aria-label": t("column.machine"),
            onchange: (event) => location.assign(dayAddress(event.target.value, day)),
        },
        machine ? null : h("option", { selected: true, disabled: true }, machineId),
        machines.map((one) =>
            h("option", { value: one.machine_id, selected: one.machine_id === machineId }, one.machine_id),
        ),
    );
    const pickDay = h("input", {
        class: "input",
        type: "date",
        value: day,
        min: first,
        max: last,
        required: true,
        "aria-label": t("column.date"),
        onchange: (event) => event.target.value && location.assign(dayAddress(machineId, event.target.value)),
    });
    return [
        pickMachine,
        h(
            "span",
            { class: "button-group" },
            step(-1, "previous", t("machine.previous"), !first || day > first),
            pickDay,
            step(1, "next", t("machine.next"), !last || day < last),
        ),
    ];
}

function noSession(machine) {
    if (!day && (machine || !machineId)) {
        return empty(t("today.empty"), t("today.empty_advice"));
    }
    if (!machine) {
        return empty(
            t("machine.unknown", { machine: machineId }),
            t("machine.unknown_advice"),
            linkButton("/", t("action.to_today")),
        );
    }
    const last = machine.last_production_date;
    return empty(
        t("machine.empty", { machine: machineId, day: date(day, "long") }),
        t("machine.empty_advice"),
        last
            ? linkButton(dayAddress(machineId, last), t("machine.to_last", { day: date(last, "day") }))
            : null,
    );
}

const JOBS = [
    { label: t("column.start"), value: (job) => time(job.started_at) },
    { label: t("column.profile"), value: (job) => job.profile_reference ?? "–" },
    {
        label: t("column.length"),
        value: (job) => (job.length_mm === null ? "–" : t("unit.mm", { value: number(job.length_mm) })),
        numeric: true,
    },
    { label: t("column.colour"), value: (job) => job.colour ?? "–" },
    { label: t("column.pieces"), value: (job) => number(job.piece_count), numeric: true },
];

const PIECES = [
    { label: t("column.number"), value: (piece) => number(piece.piece_number), numeric: true },
    { label: t("column.time"), value: (piece) => timeSeconds(piece.produced_at) },
    { label: t("column.order"), value: orderOf },
    { label: t("column.cycle"), value: (piece) => exactDuration(piece.cycle_seconds), numeric: true },
    { label: t("column.details"), value: (piece) => piece.details ?? "–", className: "wrap" },
];

function orderOf(piece) {
    if (piece.order_number === null) {
        return "–";
    }
    return [piece.order_number, piece.extension].filter(Boolean).join("/");
}

function piecesPanel(pieces, session) {
    const exports = exportButtons((format) =>
        address(`sessions/${encodeURIComponent(session.session_id)}/pieces`, { format }),
    );
    const shown = pieces.slice(0, PIECES_SHOWN);
    return panel(
        {
            title: t("machine.pieces"),
            note: number(pieces.length),
            flush: true,
            className: "wall-hidden print-hidden",
        },
        pieces.length
            ? tableBox({ caption: t("machine.pieces"), columns: PIECES, rows: shown }, { tall: true })
            : empty(t("machine.no_pieces"), t("machine.no_pieces_advice")),
        h(
            "div",
            { class: "table-foot" },
            h("span", {}, t("machine.pieces_shown", { n: shown.length, of: number(pieces.length) })),
            exports,
        ),
    );
}

run(load, draw);
