/** A chart in its figure: title, note, legend, drawing, and the same values as a table. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.mjs";
import { table } from "../components/table.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { font, theme } from "./theme.js";

echarts.registerTheme("atelier", theme);

const drawn = new Set();

/**
 * Return a panel with a chart.
 *
 * `name` identifies it, `title` and `note` stand above it, `summary` is what a screen reader says of it, `height` is in
 * pixels, `option` is ECharts', `columns` and `rows` are its values as a table, `legend` an element,
 * `open` is called with the data of what was clicked.
 */
export function chartPanel({
    name, title, note = null, summary, height, option, columns, rows, legend = null, open = null, className = "",
}) {
    const heading = h("h2", { id: `chart-${name}` }, title);
    const canvas = h("div", { class: "chart__canvas", role: "img", "aria-label": summary, "data-chart": name });
    canvas.style.blockSize = `${height}px`;
    const panel = h(
        "figure",
        { class: `panel chart ${className}`, "aria-labelledby": heading.id },
        h("div", { class: "panel__head" }, heading, note ? h("p", { class: "panel__note" }, note) : null, legend),
        h(
            "div",
            { class: "panel__body" },
            canvas,
            h(
                "details",
                { class: "chart__table" },
                h("summary", {}, t("chart.as_table")),
                h("div", { class: "table-box table-box--tall" }, table({ caption: title, columns, rows })),
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
    new ResizeObserver(() => chart.resize()).observe(canvas);
    drawn.add(chart);
}

/** Let go of the charts that a refresh has taken out of the page. */
export function dispose() {
    for (const chart of drawn) {
        if (!chart.getDom().isConnected) {
            chart.dispose();
            drawn.delete(chart);
        }
    }
}

/** On paper the charts have another width; an observer would hear of it too late. */
for (const event of ["beforeprint", "afterprint"]) {
    window.addEventListener(event, () => drawn.forEach((chart) => chart.resize()));
}
matchMedia("print").addEventListener("change", () => drawn.forEach((chart) => chart.resize()));

export { echarts };
