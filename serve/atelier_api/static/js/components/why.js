/** Why this number: the formula with its values, and the way back to the lines of the log. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { bytes, exactDuration, number, rate, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { stateColumns } from "../charts/lanes.js";
import { openDrawer } from "./drawer.js";
import { tableBox } from "./table.js";

/** How many states and events stand in the tables; what they add up to stands above. */
const SHOWN = 12;

const UNITS = {
    rate: (value) => rate(value, 2),
    seconds: exactDuration,
    count: (value) => number(value),
    per_hour: (value) => number(value, 2),
};

export function openWhy(key, machine, day) {
    const label = t(`kpi.${key}`);
    return openDrawer(t("why.title", { figure: label, machine }), async () => {
        const answer = await get(`explain/${key}`, { machine_id: machine, production_date: day });
        return [formula(answer), states(answer), events(answer), files(answer)];
    });
}

/** The formula in words and with its values; the API has made the figure anew from them. */
function formula(answer) {
    return h(
        "section",
        { class: "drawer__part" },
        h("h3", {}, t("why.formula")),
        h(
            "div",
            { class: "formula" },
            h("p", {}, answer.formula),
            h("p", { class: "formula__result" }, UNITS[answer.unit](answer.computed_value)),
        ),
        h(
            "dl",
            { class: "facts" },
            answer.inputs.map((input) => [
                h("dt", {}, withoutUnit(input.label)),
                h("dd", {}, UNITS[input.unit](input.value)),
            ]),
        ),
    );
}

/** The value says its unit itself. */
function withoutUnit(label) {
    return label.replace(/ \(s\)$/, "");
}

function part(title, note, rows, columns) {
    if (!rows.length) {
        return null;
    }
    const shown = rows.slice(0, SHOWN);
    const rest =
        rows.length > SHOWN ? t("why.first_of", { n: SHOWN, of: number(rows.length) }) : number(rows.length);
    return h(
        "section",
        { class: "drawer__part" },
        h("h3", {}, title, " ", h("span", { class: "muted" }, rest)),
        note ? h("p", { class: "muted" }, note) : null,
        tableBox({ caption: title, columns, rows: shown }),
    );
}

function states(answer) {
    const ranked = [...answer.states].sort((one, other) => other.duration_seconds - one.duration_seconds);
    return part(t("why.states"), t("why.states_note"), ranked, stateColumns());
}

function events(answer) {
    return part(t("why.events"), t("why.events_note"), answer.events, [
        { label: t("column.time"), value: (event) => timeSeconds(event.occurred_at) },
        { label: t("column.event"), value: (event) => t(`event_kind.${event.kind}`) },
        { label: t("column.path"), value: (event) => event.file_path, className: "path" },
        { label: t("column.line"), value: (event) => number(event.line_number), numeric: true },
        { label: t("column.byte"), value: (event) => number(event.byte_offset), numeric: true },
    ]);
}

function files(answer) {
    return part(t("why.files"), null, answer.files, [
        { label: t("column.path"), value: (file) => file.path, className: "path" },
        { label: t("column.size"), value: (file) => bytes(file.size_bytes), numeric: true },
        { label: t("column.lines"), value: (file) => number(file.line_count), numeric: true },
        { label: t("column.rejected"), value: (file) => number(file.rejected_count), numeric: true },
    ]);
}
