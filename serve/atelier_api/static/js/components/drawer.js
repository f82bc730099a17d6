/** A panel at the side, over the page: the browser's own dialog, so focus and Escape work as people expect. */

import { h, icon, replace } from "../dom.js";
import { t } from "../i18n.js";
import { failed, loading } from "./notice.js";

/** Open a drawer; `load` returns its elements. */
export async function openDrawer(title, load) {
    const body = h("div", { class: "drawer__body" }, loading());
    const heading = h("h2", { id: "drawer-title" }, title);
    const dialog = h(
        "dialog",
        {
            class: "drawer",
            "aria-labelledby": heading.id,
            onclose: () => dialog.remove(),
            onclick: (event) => event.target === dialog && dialog.close(),
        },
        h(
            "div",
            { class: "drawer__head" },
            heading,
            h(
                "button",
                {
                    class: "button button--icon",
                    type: "button",
                    "aria-label": t("action.close"),
                    onclick: () => dialog.close(),
                },
                icon("close"),
            ),
        ),
        body,
    );
    document.body.append(dialog);
    dialog.showModal();
    const fill = async () => {
        try {
            replace(body, await load());
        } catch (error) {
            replace(body, failed(error, fill));
        }
    };
    await fill();
}

/** Name and value pairs. */
export function facts(pairs) {
    return h(
        "dl",
        { class: "facts" },
        pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );
}
