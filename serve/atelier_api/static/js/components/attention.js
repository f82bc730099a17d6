/** What needs attention now: the rules, in one place, and the list. */

import { h, icon } from "../dom.js";
import { age, duration, moment, number, rate } from "../format.js";
import { language, t } from "../i18n.js";
import { LATE_SECONDS } from "../page.js";
import { secondsSince } from "../time.js";

/** After this the plant is closed or the logs do not arrive: one line for all, not one per machine. */
const ASLEEP_SECONDS = 6 * 3600;
/** Waits of seconds are the machine's rhythm; this long it waits for somebody. */
const LONG_WAIT_SECONDS = 10 * 60;
/** Below the usual occupancy by more than the days' own spread. */
const LOW_OCCUPANCY = 0.15;
/** The ERP is read at 09:00 and 14:00; a day without is a run missed, a weekend too. */
const ERP_LATE_SECONDS = 26 * 3600;

/**
 * Return what needs attention, most urgent first.
 *
 * `machines` are rows of the status with their standing, `usual` the mean occupancy per machine, `sources` the
 * freshness, `problems` what could not be read, `rejected` rejected lines per machine today, `alerts` what the
 * warehouse calls wrong.
 */
export function concerns({ machines, usual, sources, problems, rejected, alerts, dayOf }) {
    const found = alerts.map(ofAlert);
    // What an alert says already is not said twice.
    const isSaid = (kind, machine = null) =>
        alerts.some((alert) => alert.kind === kind && (machine === null || alert.machine_id === machine));
    const asleep =
        machines.length > 0 && machines.every((machine) => machine.silent_seconds > ASLEEP_SECONDS);
    if (asleep) {
        const seconds = Math.min(...machines.map((machine) => machine.silent_seconds));
        found.push(
            concern("urgent", "silent", "attention.all_silent", { duration: age(seconds) }, "/qualite"),
        );
    }
    for (const machine of machines) {
        const href = dayOf(machine);
        const values = { machine: machine.machine_id };
        const since = machine.state_since ? secondsSince(machine.state_since) : machine.silent_seconds;
        if (asleep) {
            // One line for all has said it.
        } else if (machine.state === "stopped" && machine.standing !== "over") {
            found.push(
                concern(
                    "urgent",
                    "stopped",
                    "attention.stopped",
                    { ...values, duration: duration(since) },
                    href,
                ),
            );
        } else if (machine.standing === "silent" && !isSaid("machine_silent", machine.machine_id)) {
            const silent = age(machine.silent_seconds);
            found.push(
                concern("warning", "silent", "attention.silent", { ...values, duration: silent }, href),
            );
        } else if (machine.standing === "waiting" && since > LONG_WAIT_SECONDS) {
            found.push(
                concern(
                    "warning",
                    "waiting",
                    "attention.waiting",
                    { ...values, duration: duration(since) },
                    href,
                ),
            );
        }
        const mean = usual.get(machine.machine_id);
        if (
            mean !== undefined &&
            machine.occupancy_rate !== null &&
            machine.occupancy_rate < mean - LOW_OCCUPANCY
        ) {
            const rates = { now: rate(machine.occupancy_rate, 0), usual: rate(mean, 0) };
            found.push(concern("warning", "warning", "attention.low", { ...values, ...rates }, href));
        }
    }
    for (const [machine, count] of rejected) {
        if (!isSaid("rejected_share", machine)) {
            const values = { machine, n: count, nText: number(count) };
            found.push(concern("warning", "file", "attention.rejected", values, "/qualite"));
        }
    }
    if (problems.length && !isSaid("unreadable_file") && !isSaid("file_not_disposed")) {
        found.push(
            concern("urgent", "warning", "attention.problems", { n: problems.length }, "/qualite#problemes"),
        );
    }
    for (const source of sources) {
        const limit = source.source === "erp" ? ERP_LATE_SECONDS : LATE_SECONDS;
        const kind = source.source === "erp" ? "erp_load_stale" : "logs_load_stale";
        if (source.loaded_at && secondsSince(source.loaded_at) > limit && !isSaid(kind)) {
            const values = { source: t(`source.${source.source}`), moment: moment(source.loaded_at) };
            found.push(concern("warning", "warning", "attention.late", values, "/qualite"));
        }
    }
    return found.sort((one, other) => (one.level === "urgent" ? 0 : 1) - (other.level === "urgent" ? 0 : 1));
}

function ofAlert(alert) {
    const values = {
        // What is wrong and what to do are the planners' own text, in French.
        what: language === "fr" ? alert.title : t(`alert_kind.${alert.kind}`),
        subject: alert.subject,
        details: [alert.details, language === "fr" ? alert.what_to_do : null].filter(Boolean).join(". "),
    };
    const level = alert.severity === "critical" ? "urgent" : "warning";
    return concern(level, "warning", "attention.alert", values, "/qualite#alertes");
}

function concern(level, iconName, key, values, href) {
    return { level, iconName, key, values, href };
}

export function attentionList(found) {
    if (!found.length) {
        return h(
            "div",
            { class: "attention__item" },
            h("span", { class: "attention__mark", "data-level": "fine" }, icon("fine")),
            h("span", {}, h("strong", {}, t("attention.none")), " ", t("attention.none_detail")),
        );
    }
    return h(
        "ul",
        { class: "attention" },
        found.map(({ level, iconName, key, values, href }) =>
            h(
                "li",
                {},
                h(
                    "a",
                    { class: "attention__item", href },
                    h("span", { class: "attention__mark", "data-level": level }, icon(iconName)),
                    h(
                        "span",
                        { class: "attention__text" },
                        h("strong", {}, t(key, values)),
                        h("span", { class: "attention__detail" }, t(`${key}_advice`, values)),
                    ),
                    icon("next"),
                ),
            ),
        ),
    );
}
