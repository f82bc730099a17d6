/** What the charts take from the stylesheet's tokens. */

import { isWall } from "../places.js";

/** The states in the order of the legend. Patterns: none, slanted lines, dots; they print and need no colour. */
export const STATES = ["productive", "waiting", "stopped"];

/** Text on a wall screen is read from metres away. */
const SCALE = isWall ? 1.35 : 1;

function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const colours = {
    ink: token("ink"),
    ink2: token("ink-2"),
    ink3: token("ink-3"),
    line: token("line"),
    lineStrong: token("line-strong"),
    surface: token("surface"),
    surface2: token("surface-2"),
    accent: token("accent"),
    accentSoft: token("accent-soft"),
    productive: token("productive"),
    waiting: token("waiting"),
    stopped: token("stopped"),
    silent: token("silent"),
};

export const font = { family: token("font"), size: Math.round(12 * SCALE), small: Math.round(11 * SCALE) };

/** The colour of the n-th machine; the same machine has the same one in every chart of a page. */
export function seriesColour(index) {
    return token(`series-${(index % 8) + 1}`);
}

/** The colour of what is written on the area of a state. */
export function inkOn(state) {
    return token(`on-${state}`);
}

/** The pattern of a state; null where the area is plain. */
export function pattern(state) {
    const shared = { symbolSize: 1, dashArrayX: [1, 0], rotation: -Math.PI / 4 };
    if (state === "waiting") {
        return { ...shared, color: token("pattern"), dashArrayY: [1.5, 4.5] };
    }
    if (state === "stopped") {
        return {
            color: token("pattern-on-dark"),
            symbol: "circle",
            symbolSize: 0.55,
            dashArrayX: [
                [4, 4],
                [0, 4, 4, 0],
            ],
            dashArrayY: [4, 0],
        };
    }
    return null;
}

export function stateStyle(state) {
    const decal = pattern(state);
    return decal ? { color: colours[state], decal } : { color: colours[state] };
}

const axis = {
    axisLine: { lineStyle: { color: colours.lineStrong } },
    axisTick: { lineStyle: { color: colours.lineStrong } },
    axisLabel: { color: colours.ink3, fontSize: font.size, fontFamily: font.family },
    nameTextStyle: { color: colours.ink3, fontSize: font.size, fontFamily: font.family },
    splitLine: { lineStyle: { color: colours.line } },
};

/** The registered theme: whatever a chart does not say itself. */
export const theme = {
    textStyle: { fontFamily: font.family, fontSize: font.size, color: colours.ink2 },
    categoryAxis: { ...axis, axisTick: { show: false }, splitLine: { ...axis.splitLine, show: false } },
    valueAxis: { ...axis, axisLine: { show: false }, axisTick: { show: false } },
    timeAxis: { ...axis, splitLine: { ...axis.splitLine, show: false } },
    legend: { textStyle: { color: colours.ink2, fontSize: font.size, fontFamily: font.family } },
    axisPointer: {
        lineStyle: { color: colours.ink3 },
        label: { backgroundColor: colours.ink, color: colours.surface, fontSize: font.size },
        shadowStyle: { color: colours.lineStrong, opacity: 0.2 },
    },
    tooltip: {
        // Drawn on the canvas: the usual tooltips are elements with inline styles.
        renderMode: "richText",
        backgroundColor: colours.ink,
        borderColor: "transparent",
        borderWidth: 0,
        shadowBlur: 0,
        padding: [8, 10],
        textStyle: {
            color: colours.surface,
            fontSize: font.size + 1,
            fontFamily: font.family,
            lineHeight: 18,
        },
        confine: true,
    },
};
