/** Tables from columns and rows; the same for the alternatives of charts and for lists. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Return a table.
 *
 * A column is {label, value(row), numeric?, header?, className?, sort?}: `value` returns text or an element, `sort` names
 * the field that the server sorts by. `sorting` is {field, descending, change(sort)}. With `cards`, rows become cards on
 * a phone. Roles are written out, since a table that is shown as blocks loses them.
 */
export function table({ caption, columns, rows, cards = false, sorting = null }) {
    return h(
        "table",
        { class: cards ? "table table--cards" : "table", role: "table" },
        h("caption", { class: "visually-hidden" }, caption),
        h(
            "thead",
            { role: "rowgroup" },
            h(
                "tr",
                { role: "row" },
                columns.map((column) => heading(column, sorting)),
            ),
        ),
        h("tbody", { role: "rowgroup" }, tableRows(columns, rows)),
    );
}

/** A table in a box of its own that scrolls, also by the keyboard. With `tall` it has a greatest height. */
export function tableBox(options, { tall = false } = {}) {
    const attributes = { tabindex: "0", role: "region", "aria-label": options.caption };
    return h(
        "div",
        { class: tall ? "table-box table-box--tall" : "table-box", ...attributes },
        table(options),
    );
}

function tableRows(columns, rows) {
    return rows.map((row) =>
        h(
            "tr",
            { role: "row" },
            columns.map((column, index) => cell(column, row, index === 0)),
        ),
    );
}

function classOf(column) {
    return [column.numeric ? "number" : "", column.className ?? ""].join(" ").trim() || null;
}

function heading(column, sorting) {
    const isSorted = sorting && column.sort && sorting.field === column.sort;
    const order = isSorted ? (sorting.descending ? "descending" : "ascending") : null;
    const content =
        sorting && column.sort
            ? h(
                  "button",
                  {
                      class: "sort",
                      type: "button",
                      title: t("table.sort_by", { column: column.label }),
                      onclick: () =>
                          sorting.change(isSorted && !sorting.descending ? `-${column.sort}` : column.sort),
                  },
                  column.label,
              )
            : column.label;
    return h(
        "th",
        { scope: "col", role: "columnheader", class: classOf(column), "aria-sort": order },
        content,
    );
}

function cell(column, row, isFirst) {
    const attributes = { class: classOf(column), "data-label": column.label };
    return isFirst
        ? h("th", { scope: "row", role: "rowheader", ...attributes }, column.value(row))
        : h("td", { role: "cell", ...attributes }, column.value(row));
}
