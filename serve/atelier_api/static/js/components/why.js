/** Why this number: the formula with its values, and the way back to the lines of the log. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { exactDuration, moment, number, rate, timeSeconds } from "../format.js";
import { t } from "../i18n.js";
import { kpi } from "../kpis.js";
import { facts, openDrawer } from "./drawer.js";
import { table } from "./table.js";

export function openWhy(key, machine, day) {
    const label = t(`kpi.${key}`);
    return openDrawer(t("why.title", { figure: label, machine }), async () => {
        const answer = await get(`explain/${key}`, { machine_id: machine, production_date: day });
        return [
            h("p", { class: "formula" }, h("b", {}, label), " = ", answer.formula),
        ];
    });
}


