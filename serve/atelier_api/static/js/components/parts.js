/** Small parts that several pages use. */

import { h, icon } from "../dom.js";
import { rate } from "../format.js";
import { t } from "../i18n.js";
import { STATES } from "../charts/theme.js";
import { may } from "../places.js";

/** States with an icon of their own; `over` is shown as what it is, an end. */
const ICONS = {
    productive: "productive",
    waiting: "waiting",
    stopped: "stopped",
    silent: "silent",
    over: "fine",
};

/** The head of a page: its title, a line below it, tools to the right. */
export function head(title, subtitle, tools = []) {
    document.title = `${title} · Atelier`;
    return h(
        "header",
        { class: "head" },
        h("div", { class: "head__title" }, h("h1", {}, title), h("p", { class: "head__sub" }, subtitle)),
        h("div", { class: "tools" }, tools),
    );
}

export function panel({ title, note = null, className = "", flush = false, id = null }, ...children) {
    return h(
        "section",
        { class: `panel ${className}`, id },
        h(
            "div",
            { class: "panel__head" },
            h("h2", {}, title),
            note ? h("p", { class: "panel__note" }, note) : null,
        ),
        h("div", { class: flush ? "panel__body panel__body--flush" : "panel__body" }, ...children),
    );
}

/** Icon and word of a state, never its colour alone. */
export function badge(state, label) {
    return h("span", { class: "badge", "data-state": state }, icon(ICONS[state] ?? "silent"), label);
}

/** The shares of the three states as one bar; the words beside or below it say the same. */
export function split(rates) {
    return h(
        "div",
        {
            class: "split",
            role: "img",
            "aria-label": STATES.map((state) => `${t(`state.${state}`)} ${rate(rates[state])}`).join(", "),
        },
        STATES.map((state) => {
            const part = h("span", { class: `state-${state}` });
            part.style.setProperty("--share", `${(rates[state] ?? 0) * 100}%`);
            return part;
        }),
    );
}

/** One figure with its label; `why` opens the explanation of the number. */
export function figure({ label, value, note = "", why = null, isLong = false }) {
    return h(
        "div",
        { class: "figure" },
        h("span", { class: "figure__label" }, label),
        h("span", { class: isLong ? "figure__value figure__value--long" : "figure__value" }, value),
        h("span", { class: "figure__note" }, note),
        why
            ? h(
                  "button",
                  {
                      class: "figure__why",
                      type: "button",
                      onclick: why,
                      "aria-label": t("why.of", { figure: label }),
                  },
                  t("why.short"),
              )
            : null,
    );
}

export function legend(states = STATES) {
    return h(
        "div",
        { class: "legend" },
        states.map((state) =>
            h(
                "span",
                { class: "legend__item" },
                h("span", { class: `legend__key state-${state}`, "aria-hidden": "true" }),
                t(`state.${state}`),
            ),
        ),
    );
}

export function linkButton(href, label, iconName = null, attributes = {}) {
    return h("a", { class: "button", href, ...attributes }, iconName ? icon(iconName) : null, label);
}

export function printButton() {
    return h(
        "button",
        { class: "button", type: "button", onclick: () => window.print() },
        icon("print"),
        t("action.print"),
    );
}

/** The same page for the wall screen. */
export function wallButton() {
    const there = new URL(location.href);
    there.searchParams.set("mural", "1");
    return linkButton(there.pathname + there.search, t("action.wall"), "wall");
}

/** Links that save what the page shows; nothing for those who may not export. */
export function exportButtons(addressOf) {
    if (!may("exports")) {
        return null;
    }
    return h(
        "span",
        { class: "button-group" },
        ["xlsx", "csv"].map((format) =>
            linkButton(addressOf(format), t(`action.${format}`), format === "xlsx" ? "export" : null, {
                download: "",
            }),
        ),
    );
}
