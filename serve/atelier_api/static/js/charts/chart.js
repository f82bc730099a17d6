/** A chart in its figure: title, note, legend, drawing, and the same values as a table. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.mjs";
import { tableBox } from "../components/table.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { font, theme } from "./theme.js";

echarts.registerTheme("atelier", theme);

/** The charts of the page and their heights on the screen. */
const drawn = new Map();

/**
 * Return a panel with a chart.
 *
 * `name` identifies it, `title` and `note` stand above it, `summary` is what a screen reader says of it, `height` is in
 * pixels, `option` is ECharts', `columns` and `rows` are its values as a table, `legend` an element,
 * `open` is called with the data of what was clicked.
 */
export function chartPanel({
    name,
    title,
    note = null,
    summary,
    height,
    option,
    columns,
    rows,
    legend = null,
    open = null,
    className = "",
}) {
    const heading = h("h2", { id: `chart-${name}` }, title);
    const canvas = h("div", {
        class: "chart__canvas",
        role: "img",
        "aria-label": summary,
        "data-chart": name,
    });
    canvas.style.minBlockSize = `${height}px`;
    const panel = h(
        "figure",
        { class: `panel chart ${className}`, "aria-labelledby": heading.id },
        h(
            "div",
            { class: "panel__head" },
            heading,
            note ? h("p", { class: "panel__note" }, note) : null,
            legend,
        ),
        h(
            "div",
            { class: "panel__body" },
            canvas,
            h(
                "details",
                { class: "chart__table" },
                h("summary", {}, t("chart.as_table")),
                tableBox({ caption: title, columns, rows }, { tall: true }),
            ),
        ),
    );
    // The panel has no width until it is in the page.
    requestAnimationFrame(() => draw(canvas, option, open));
    return panel;
}

async function draw(canvas, option, open) {
    // A canvas takes whatever font is there at that moment.
    await Promise.all(["400", "600"].map((weight) => document.fonts.load(`${weight} ${font.size}px Plex`)));
    if (!canvas.isConnected) {
        return;
    }
    const chart = echarts.init(canvas, "atelier", { devicePixelRatio: Math.max(2, window.devicePixelRatio) });
    chart.on("finished", () => canvas.setAttribute("data-drawn", ""));
    chart.setOption({ animation: false, useUTC: true, ...option });
    if (open) {
        chart.on("click", (event) => open(event.data, event));
    }
    new ResizeObserver(() => matchMedia("print").matches || chart.resize()).observe(canvas);
    drawn.set(chart, Number.parseFloat(canvas.style.minBlockSize));
}

/** Let go of the charts that a refresh has taken out of the page. */
export function dispose() {
    for (const chart of drawn.keys()) {
        if (!chart.getDom().isConnected) {
            chart.dispose();
            drawn.delete(chart);
        }
    }
}

/** A4 without its margins (css/print.css), in CSS pixels, and the gap between two panels. */
const PAPER = (186 / 25.4) * 96;
const PAPER_GAP = (3 / 25.4) * 96;
/** What part of the row a panel takes (css/layout.css). */
const SHARES = [
    ["half", 1 / 2],
    ["third", 1 / 3],
    ["two-thirds", 2 / 3],
];
/** On paper a page of charts is one sheet. */
const PAPER_HEIGHT = 0.75;

/** The paper's layout comes after this event, and with it no other: the width on paper is known beforehand. */
window.addEventListener("beforeprint", () => {
    for (const [chart, height] of drawn) {
        const canvas = chart.getDom();
        const body = canvas.parentElement;
        const padding = 2 * Number.parseFloat(getComputedStyle(body).paddingInlineStart);
        const share = canvas.closest(".stack")
            ? 1
            : (SHARES.find(([name]) => canvas.closest(`.${name}`))?.[1] ?? 1);
        const panel = (PAPER + PAPER_GAP) * share - PAPER_GAP;
        canvas.style.minBlockSize = `${height * PAPER_HEIGHT}px`;
        chart.resize({ width: Math.floor(panel - padding - 4), height: height * PAPER_HEIGHT });
        // At once: the next frame is the one after the paper.
        chart.getZr().flush();
    }
});
window.addEventListener("afterprint", () => {
    for (const [chart, height] of drawn) {
        chart.getDom().style.minBlockSize = `${height}px`;
        chart.resize({ width: "auto", height: "auto" });
    }
});

export { echarts };
