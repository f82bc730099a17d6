/** What stands where nothing, or nothing yet, can be shown: each says what to do. */

import { ApiError } from "../api.js";
import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

export function loading() {
    return h("div", { class: "notice notice--loading", role: "status" }, t("notice.loading"));
}

/** Nothing is there, and that may be right. `action` is a link or a button. */
export function empty(title, advice, action = null) {
    return h(
        "div",
        { class: "notice", "data-empty": true },
        h("strong", {}, title),
        h("p", {}, advice),
        action,
    );
}

/** Nothing is there, and that is good. */
export function fine(title, detail) {
    return h(
        "div",
        { class: "notice", "data-empty": true },
        icon("fine"),
        h("strong", {}, title),
        h("p", {}, detail),
    );
}

/** It failed: what, and what to do. */
export function failed(error, retry = null) {
    const isKnown = error instanceof ApiError;
    if (!isKnown) {
        console.error(error);
    }
    return h(
        "div",
        { class: "notice notice--error", role: "alert" },
        h("strong", {}, t("error.title")),
        h("p", {}, isKnown ? error.message : t("error.page")),
        isKnown && error.requestId
            ? h("p", { class: "muted" }, t("error.request", { id: error.requestId }))
            : null,
        retry ? h("button", { class: "button", type: "button", onclick: retry }, t("action.retry")) : null,
    );
}
