/** A list that the server filters, sorts and pages: its rows are added as they are asked for. */

import { address, get } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { failed, loading } from "./notice.js";
import { tableBox } from "./table.js";

/**
 * Return {element, show, addressOf}. `show(filters)` loads the first page; `addressOf(format)` is where the same rows
 * can be saved from.
 *
 * `path` is the route, `columns` as those of a table, `sort` the order at first, `emptyNotice()` what stands where no row is.
 */
export function serverList({ path, caption, columns, sort, emptyNotice, pageSize = 50, onSort = null }) {
    const place = h("div");
    const foot = h("div", { class: "table-foot" });
    const state = { filters: {}, sort, rows: [], cursor: null };
    let current = null;

    async function load(isMore) {
        current?.abort();
        current = new AbortController();
        try {
            const page = await get(
                path,
                { ...state.filters, sort: state.sort, limit: pageSize, cursor: isMore ? state.cursor : null },
                current.signal,
            );
            state.rows = isMore ? [...state.rows, ...page.data] : page.data;
            state.cursor = page.next_cursor;
            draw();
            announce(t("table.shown", { n: state.rows.length }));
        } catch (error) {
            if (error.name !== "AbortError") {
                replace(
                    place,
                    failed(error, () => load(false)),
                );
                replace(foot);
            }
        }
    }

    function draw() {
        const sorting = {
            field: state.sort.replace("-", ""),
            descending: state.sort.startsWith("-"),
            change: (wanted) => {
                state.sort = wanted;
                onSort?.(wanted);
                load(false);
            },
        };
        foot.hidden = state.rows.length === 0;
        if (!state.rows.length) {
            replace(place, emptyNotice());
            return;
        }
        replace(place, tableBox({ caption, columns, rows: state.rows, cards: true, sorting }));
        replace(
            foot,
            h(
                "span",
                {},
                t(state.cursor ? "table.shown_so_far" : "table.shown", {
                    n: state.rows.length,
                    nText: number(state.rows.length),
                }),
            ),
            state.cursor
                ? h("button", { class: "button", type: "button", onclick: () => load(true) }, t("table.more"))
                : null,
        );
    }

    return {
        element: h("div", {}, place, foot),
        show(filters, wanted = null) {
            state.filters = filters;
            state.sort = wanted ?? state.sort;
            if (!state.rows.length) {
                replace(place, loading());
            }
            return load(false);
        },
        addressOf: (format) => address(path, { ...state.filters, sort: state.sort, format }),
    };
}
