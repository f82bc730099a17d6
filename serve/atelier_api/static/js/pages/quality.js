/** Qualité des données: how fresh, what was rejected, which files. */

import { all, get } from "../api.js";
import { rejectedChart } from "../charts/rejected.js";
import { filterBar } from "../components/filters.js";
import { serverList } from "../components/list.js";
import { empty, fine } from "../components/notice.js";
import { figure, head, panel, printButton } from "../components/parts.js";
import { tableBox } from "../components/table.js";
import { h } from "../dom.js";
import { age, bytes, date, duration, moment, number, rate } from "../format.js";
import { language, t } from "../i18n.js";
import { run } from "../page.js";
import { dayAddress } from "../places.js";
import { addDays, secondsSince } from "../time.js";

const DAYS = 30;

async function load() {
    const [machines, freshness, problems, alerts] = await Promise.all([
        all("machines"),
        get("freshness"),
        all("source-problems", { is_open: true }),
        all("alerts"),
    ]);
    const last =
        machines
            .map((one) => one.last_production_date)
            .filter(Boolean)
            .sort()
            .at(-1) ?? null;
    const days = last
        ? await all("quality/days", {
              production_date_from: addDays(last, 1 - DAYS),
              production_date_to: last,
          })
        : [];
    return { machines, sources: freshness.data, problems, alerts, last, days };
}

function draw({ machines, sources, problems, alerts, last, days }) {
    const names = machines.map((one) => one.machine_id);
    const dates = last ? Array.from({ length: DAYS }, (_, index) => addDays(last, index + 1 - DAYS)) : [];
    return [
        head(t("quality.title"), t("quality.subtitle", { n: DAYS }), [printButton()]),
        figures(sources, days),
        h(
            "div",
            { class: "grid" },
            last
                ? rejectedChart({
                      rows: days,
                      days: dates,
                      machines: names,
                      title: t("quality.chart"),
                      note: t("quality.chart_note"),
                      className: "two-thirds",
                      open: ({ machine, day }) => location.assign(dayAddress(machine, day)),
                  })
                : panel(
                      { title: t("quality.chart"), className: "two-thirds" },
                      empty(t("today.empty"), t("today.empty_advice")),
                  ),
            panel(
                { title: t("quality.problems"), className: "third", flush: true, id: "problemes" },
                problems.length
                    ? tableBox(
                          { caption: t("quality.problems"), columns: PROBLEMS, rows: problems },
                          { tall: true },
                      )
                    : fine(t("quality.no_problems"), t("quality.no_problems_advice")),
            ),
            panel(
                { title: t("quality.alerts"), flush: true, id: "alertes", className: "panel--long" },
                alerts.length
                    ? tableBox(
                          { caption: t("quality.alerts"), columns: ALERTS, rows: alerts },
                          { tall: true },
                      )
                    : fine(t("quality.no_alerts"), t("quality.no_alerts_advice")),
            ),
            dataProblemsPanel(),
            runsPanel(),
            filesPanel(names),
        ),
    ];
}

function figures(sources, days) {
    const sum = (name) => days.reduce((all, row) => all + Number(row[name] ?? 0), 0);
    const [lines, events, rejected, blank] = [
        "line_count",
        "event_count",
        "rejected_line_count",
        "blank_count",
    ].map(sum);
    return h(
        "div",
        { class: "figures" },
        sources.map((source) =>
            figure({
                label: t(`quality.until_${source.source}`),
                value: source.complete_until ? moment(source.complete_until) : "–",
                isLong: true,
                note: source.loaded_at
                    ? t("quality.loaded", { duration: age(secondsSince(source.loaded_at)) })
                    : t("freshness.never"),
            }),
        ),
        figure({ label: t("quality.lines"), value: number(lines), note: t("quality.lines_note") }),
        figure({
            label: t("quality.events"),
            value: number(events),
            note: lines ? t("quality.of_lines", { rate: rate(events / lines, 2) }) : "",
        }),
        figure({
            label: t("quality.rejected"),
            value: number(rejected),
            note: lines ? t("quality.of_lines", { rate: rate(rejected / lines, 2) }) : "",
        }),
        figure({
            label: t("quality.blank"),
            value: number(blank),
            note: lines ? t("quality.of_lines", { rate: rate(blank / lines, 2) }) : "",
        }),
    );
}

const PROBLEMS = [
    { label: t("column.path"), value: (row) => row.path, className: "path" },
    { label: t("column.problem"), value: (row) => [row.kind_label, row.reason].filter(Boolean).join(" : "), className: "wrap" },
    { label: t("column.since"), value: (row) => moment(row.first_seen_at) },
];

const ALERTS = [
    { label: t("column.severity"), value: (row) => row.severity_label },
    // The planners' own words, as in the messages.
    { label: t("column.alert"), value: (row) => (language === "fr" ? row.title : row.kind_label), className: "wrap" },
    { label: t("column.subject"), value: (row) => row.subject, className: "path" },
    { label: t("column.since"), value: (row) => moment(row.since), numeric: true },
    { label: t("column.details"), value: (row) => row.details ?? "", className: "wrap" },
    { label: t("column.what_to_do"), value: (row) => row.what_to_do, className: "wrap" },
];

const DATA_PROBLEMS = [
    { label: t("column.table"), sort: "table_name", value: (row) => row.table_name },
    { label: t("column.column"), value: (row) => row.column_name },
    { label: t("column.order"), sort: "order_id", value: (row) => row.order_id ?? "–", className: "path" },
    { label: t("column.row"), value: (row) => row.row_key ?? "–", className: "path" },
    { label: t("column.problem"), value: (row) => row.reason_label, className: "wrap" },
];

function dataProblemsPanel() {
    const list = serverList({
        path: "data-problems",
        caption: t("quality.data_problems"),
        columns: DATA_PROBLEMS,
        sort: "table_name",
        pageSize: 10,
        emptyNotice: () => fine(t("quality.no_data_problems"), t("quality.no_data_problems_advice")),
    });
    list.show({});
    return panel(
        { title: t("quality.data_problems"), flush: true, id: "valeurs", className: "panel--long" },
        list.element,
    );
}

const RUNS = [
    { label: t("column.start"), sort: "started_at", value: (row) => moment(row.started_at), numeric: true },
    { label: t("column.job"), value: (row) => row.job },
    { label: t("column.schedule"), value: (row) => row.schedule ?? t("quality.by_hand") },
    { label: t("column.outcome"), value: (row) => row.outcome_label },
    {
        label: t("column.duration"),
        value: (row) => (row.duration_seconds === null ? "–" : duration(row.duration_seconds)),
        numeric: true,
    },
    { label: t("column.rows"), value: (row) => number(row.rows_loaded ?? 0), numeric: true },
    { label: t("column.rejected"), value: (row) => number(row.lines_rejected ?? 0), numeric: true },
    { label: t("column.message"), value: (row) => row.message ?? "", className: "wrap" },
];

function runsPanel() {
    const list = serverList({
        path: "runs",
        caption: t("quality.runs"),
        columns: RUNS,
        sort: "-started_at",
        pageSize: 10,
        emptyNotice: () => empty(t("quality.no_runs"), t("quality.no_runs_advice")),
    });
    list.show({});
    return panel({ title: t("quality.runs"), flush: true, className: "panel--long" }, list.element);
}

const FILES = [
    { label: t("column.path"), sort: "path", value: (row) => row.path, className: "path" },
    { label: t("column.machine"), value: (row) => row.machine_id },
    {
        label: t("column.day"),
        sort: "production_date",
        value: (row) => date(row.production_date),
        numeric: true,
    },
    { label: t("column.size"), sort: "size_bytes", value: (row) => bytes(row.size_bytes), numeric: true },
    { label: t("column.lines"), value: (row) => number(row.line_count), numeric: true },
    {
        label: t("column.rejected"),
        sort: "rejected_count",
        value: (row) => number(row.rejected_count),
        numeric: true,
    },
    { label: t("column.read_at"), sort: "read_at", value: (row) => moment(row.read_at), numeric: true },
    { label: t("column.file_state"), value: fileState },
];

function fileState(row) {
    if (row.read_problem) {
        return row.read_problem;
    }
    if (!row.is_current) {
        return t("quality.replaced");
    }
    if (!row.session_id) {
        return t("quality.no_session");
    }
    return t(row.is_complete ? "quality.complete" : "quality.growing");
}

function filesPanel(names) {
    const list = serverList({
        path: "files",
        caption: t("quality.files"),
        columns: FILES,
        sort: "-read_at",
        pageSize: 25,
        emptyNotice: () => empty(t("quality.no_files"), t("quality.no_files_advice")),
    });
    const yes = (name, label) => ({
        name,
        label,
        type: "select",
        options: ["true", "false"].map((one) => ({ value: one, label: t(`boolean.${one}`) })),
    });
    const filters = filterBar(
        [
            {
                name: "machine_id",
                label: t("column.machine"),
                type: "select",
                options: names.map((one) => ({ value: one, label: one })),
            },
            { name: "production_date_from", label: t("quality.day_from"), type: "date" },
            { name: "production_date_to", label: t("quality.day_to"), type: "date" },
            yes("has_rejected_lines", t("quality.has_rejected")),
            yes("is_current", t("quality.is_current")),
        ],
        (values) => list.show(values),
    );
    list.show(filters.values);
    return panel(
        { title: t("quality.files"), flush: true, className: "panel--long" },
        filters.element,
        list.element,
    );
}

run(load, draw);
