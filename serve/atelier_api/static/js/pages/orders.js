/** Commandes: the roller-shutter orders to plan. */

import { all, get } from "../api.js";
import { openDrawer, facts } from "../components/drawer.js";
import { filterBar } from "../components/filters.js";
import { serverList } from "../components/list.js";
import { empty } from "../components/notice.js";
import { exportButtons, head, panel, printButton } from "../components/parts.js";
import { table } from "../components/table.js";
import { ordersChart } from "../charts/orders.js";
import { h } from "../dom.js";
import { date, duration, euro, moment, number } from "../format.js";
import { t } from "../i18n.js";
import { run } from "../page.js";
import { may } from "../places.js";

const yesNo = (value) => t(value ? "boolean.true" : "boolean.false");
const nameOf = (order) => [order.order_number, order.extension].filter(Boolean).join("/");

async function load() {
    return all("shutter-orders", { fields: ["status_name", "planned_on", "produced_count"] });
}

function draw(orders) {
    const statuses = [...new Set(orders.map((order) => order.status_name))].sort();
    let searched = "";
    const list = serverList({
        path: "shutter-orders",
        caption: t("orders.title"),
        columns: columns(),
        sort: new URL(location.href).searchParams.get("sort") ?? "-planned_at",
        onSort: rememberSort,
        emptyNotice: () => h("div", {}, empty(t("orders.none"), t("orders.none_advice")), reasons(searched)),
    });
    const show = (values) => {
        searched = values.q ?? "";
        return list.show(values);
    };
    const filters = filterBar(
        [
            {
                name: "q",
                label: t("orders.search"),
                type: "search",
                placeholder: t("orders.search_hint"),
                wide: true,
            },
            {
                name: "status",
                label: t("column.status"),
                type: "select",
                options: statuses.map((one) => ({ value: one, label: one })),
            },
            {
                name: "is_stock_managed",
                label: t("orders.stock"),
                type: "select",
                options: ["true", "false"].map((one) => ({ value: one, label: t(`boolean.${one}`) })),
            },
            { name: "planned_from", label: t("orders.planned_from"), type: "date" },
            { name: "planned_to", label: t("orders.planned_to"), type: "date" },
        ],
        show,
    );
    show(filters.values);
    const begun = orders.filter((order) => order.produced_count > 0).length;
    return [
        head(
            t("orders.title"),
            t("orders.subtitle", { n: orders.length, nText: number(orders.length), begun: number(begun) }),
            [printButton()],
        ),
        h(
            "div",
            { class: "grid" },
            ordersChart({ orders, statuses, title: t("orders.chart"), note: t("orders.chart_note") }),
            panel(
                { title: t("orders.list"), flush: true, className: "panel--long" },
                filters.element,
                list.element,
                may("exports")
                    ? h(
                          "div",
                          { class: "table-foot" },
                          h("span", {}, t("orders.export_note")),
                          exportLinks(list),
                      )
                    : null,
            ),
        ),
    ];
}

/** Why an order that was searched for is not in the list: what the ERP says of it. */
function reasons(searched) {
    const place = h("ul", { class: "reasons" });
    if (searched) {
        get("order-selection", { q: searched, is_selected: false, limit: 5 })
            .then((page) =>
                place.replaceChildren(
                    ...page.data.map((order) => h("li", {}, `${nameOf(order)} : ${order.reason}`)),
                ),
            )
            // It is a hint: the list has said already that it found nothing.
            .catch(() => null);
    }
    return place;
}

/** The links save what the filters leave, so their addresses are made when they are clicked. */
function exportLinks(list) {
    const buttons = exportButtons(() => "#");
    for (const [index, format] of ["xlsx", "csv"].entries()) {
        const link = buttons.children[index];
        const aim = () => link.setAttribute("href", list.addressOf(format));
        for (const event of ["pointerdown", "focus", "click"]) {
            link.addEventListener(event, aim);
        }
    }
    return buttons;
}

function rememberSort(sort) {
    const here = new URL(location.href);
    here.searchParams.set("sort", sort);
    history.replaceState(null, "", here);
}

function columns() {
    return [
        {
            label: t("column.order"),
            sort: "order_number",
            value: (order) =>
                h(
                    "button",
                    { class: "row-button", type: "button", onclick: () => openOrder(order) },
                    nameOf(order),
                ),
        },
        may("orders")
            ? {
                  label: t("column.job_name"),
                  sort: "job_name",
                  value: (order) => order.job_name ?? "–",
                  className: "wrap",
              }
            : null,
        {
            label: t("column.status"),
            sort: "status_name",
            value: (order) => order.status_name,
            className: "nowrap",
        },
        {
            label: t("column.planned_on"),
            sort: "planned_at",
            value: (order) => date(order.planned_on),
            numeric: true,
        },
        {
            label: t("column.deliver_on"),
            sort: "deliver_on",
            value: (order) => date(order.deliver_on),
            numeric: true,
        },
        { label: t("column.box_code"), value: (order) => order.box_code },
        {
            label: t("column.quantity"),
            sort: "accessory_quantity",
            value: (order) => (order.accessory_quantity === null ? "–" : number(order.accessory_quantity)),
            numeric: true,
        },
        { label: t("column.stock"), value: (order) => yesNo(order.is_stock_managed) },
        { label: t("column.progress"), sort: "produced_count", value: progress },
        may("orders")
            ? {
                  label: t("column.price"),
                  sort: "price_eur",
                  value: (order) => euro(order.price_eur),
                  numeric: true,
              }
            : null,
    ].filter(Boolean);
}

function progress(order) {
    if (!order.produced_count) {
        return h("span", { class: "muted" }, t("orders.not_begun"));
    }
    return h(
        "span",
        { class: "progress" },
        h("span", {}, t("unit.pieces", { n: order.produced_count, nText: number(order.produced_count) })),
        h(
            "span",
            { class: "muted" },
            t("orders.last_piece", { machine: order.last_machine_id, moment: moment(order.last_piece_at) }),
        ),
    );
}

function openOrder(order) {
    return openDrawer(t("orders.order", { order: nameOf(order) }), async () => {
        const full = await get(`shutter-orders/${encodeURIComponent(order.order_id)}`);
        return [
            facts([
                "job_name" in full ? [t("column.job_name"), full.job_name ?? "–"] : null,
                [t("column.status"), full.status_name],
                [t("column.planned_on"), moment(full.planned_at)],
                [t("column.entered_on"), date(full.entered_on)],
                [t("column.deliver_on"), date(full.deliver_on)],
                [t("column.windows"), number(full.window_unit_count)],
                [t("column.stock"), yesNo(full.is_stock_managed)],
                [t("column.progress"), progress(full)],
                "price_eur" in full ? [t("column.price"), euro(full.price_eur)] : null,
            ]),
            h(
                "section",
                {},
                h("h3", {}, t("orders.accessories")),
                table({ caption: t("orders.accessories"), columns: ACCESSORIES, rows: full.accessories }),
            ),
            full.status_history.length
                ? h(
                      "section",
                      {},
                      h("h3", {}, t("orders.history")),
                      table({ caption: t("orders.history"), columns: HISTORY, rows: full.status_history }),
                  )
                : null,
        ];
    });
}

const ACCESSORIES = [
    { label: t("column.position"), value: (row) => (row.position === null ? "–" : number(row.position)), numeric: true },
    { label: t("column.code"), value: (row) => row.accessory_code },
    { label: t("column.description"), value: (row) => row.description ?? "–", className: "wrap" },
    { label: t("column.quantity"), value: (row) => number(row.quantity), numeric: true },
];

const HISTORY = [
    { label: t("column.status"), value: (row) => row.status_name ?? row.status ?? "–" },
    { label: t("column.from"), value: (row) => moment(row.status_from) },
    { label: t("column.to"), value: (row) => (row.status_to ? moment(row.status_to) : t("orders.now")) },
    { label: t("column.duration"), value: (row) => duration(row.duration_seconds), numeric: true },
];

run(load, draw);
